// Package comfy reads the graphs that ComfyUI writes into its images, in both forms: as they were run (the text
// "prompt") and as they are edited (the text "workflow"). It reads facts out of common nodes and runs nothing.
// Everything in a graph is somebody's input: what is read is bounded, and links may lead in circles.
package comfy

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

const (
	maxNodes = 10_000 // of a graph
	maxSteps = 200    // links that are followed for one answer
)

// graph is the nodes of a graph by their ids.
type graph map[string]node

// node is one of them. An input is a number, a text, a truth value, or a link.
type node struct {
	Type   string         `json:"class_type"`
	Inputs map[string]any `json:"inputs"`
}

// link leads to an output of a node.
type link struct {
	node string
	slot int
}

// readGraph reads a graph as it was run.
func readGraph(text string) graph {
	var raw map[string]json.RawMessage
	if decode(plainJSON(text), &raw) != nil || len(raw) > maxNodes {
		return nil
	}
	g := graph{}
	for id, data := range raw {
		var n node
		if decode(data, &n) != nil || n.Type == "" {
			continue
		}
		for name, v := range n.Inputs {
			if pair, ok := v.([]any); ok {
				n.Inputs[name] = readLink(pair)
			}
		}
		g[id] = n
	}
	return g
}

// decode reads JSON, and keeps numbers as they are written: seeds have up to 64 bits.
func decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(into)
}

// readLink reads a node's id and the number of its output; nil if it is no link.
func readLink(pair []any) any {
	if len(pair) != 2 {
		return nil
	}
	number, _ := pair[1].(json.Number)
	slot, err := strconv.Atoi(number.String())
	id := idOf(pair[0])
	if err != nil || id == "" {
		return nil
	}
	return link{id, slot}
}

// idOf is the id of a node, which is a text or a number; "" for anything else.
func idOf(v any) string {
	switch id := v.(type) {
	case string:
		return id
	case json.Number:
		return id.String()
	}
	return ""
}

// editedNode is a node of a graph as it is edited.
type editedNode struct {
	ID     any    `json:"id"`
	Type   string `json:"type"`
	Mode   int    `json:"mode"`
	Inputs []struct {
		Name string `json:"name"`
		Link any    `json:"link"`
	} `json:"inputs"`
	Values json.RawMessage `json:"widgets_values"`
}

// readWorkflow reads a graph as it is edited. The values of a node have no names there, so those of common nodes alone
// are known.
func readWorkflow(text string) graph {
	var raw struct {
		Nodes []editedNode `json:"nodes"`
		Links [][]any      `json:"links"` // id, from node, its output, to node, its input, type
	}
	if decode(plainJSON(text), &raw) != nil || len(raw.Nodes) > maxNodes {
		return nil
	}
	links := map[string]link{}
	for _, l := range raw.Links {
		if len(l) < 3 {
			continue
		}
		if to, ok := readLink(l[1:3]).(link); ok {
			links[idOf(l[0])] = to
		}
	}
	g := graph{}
	for _, e := range raw.Nodes {
		n := node{Type: e.Type, Inputs: e.values()}
		for _, in := range e.Inputs {
			if to, ok := links[idOf(in.Link)]; ok {
				n.Inputs[in.Name] = to
			}
		}
		if id := idOf(e.ID); id != "" && e.Mode != muted {
			g[id] = n
		}
	}
	return g
}

// The modes of nodes that are not run, and of those that pass on what they get.
const (
	muted    = 2
	bypassed = 4
)

// values gives the values of a node their names.
func (e editedNode) values() map[string]any {
	named := map[string]any{}
	if e.Mode == bypassed {
		return named
	}
	if decode(e.Values, &named) == nil && named != nil {
		return named
	}
	named = map[string]any{}
	var listed []any
	if decode(e.Values, &listed) != nil {
		return named
	}
	for i, name := range valueNames(e.Type) {
		if i < len(listed) && name != "" {
			named[name] = listed[i]
		}
	}
	return named
}

// valueNames are the names of a node's values, in order; "" for one that does not matter.
func valueNames(kind string) []string {
	switch kind {
	case "KSampler":
		return []string{"seed", "", "steps", "cfg", "sampler_name", "scheduler", "denoise"}
	case "KSamplerAdvanced":
		return []string{"", "noise_seed", "", "steps", "cfg", "sampler_name", "scheduler"}
	case "CLIPTextEncode":
		return []string{"text"}
	case "CheckpointLoaderSimple":
		return []string{"ckpt_name"}
	case "EmptyLatentImage":
		return []string{"width", "height"}
	case "LoraLoader":
		return []string{"lora_name", "strength_model"}
	case "PrimitiveNode":
		return []string{"value"}
	}
	return nil
}

// plainJSON replaces Python's NaN and Infinity, which ComfyUI writes and JSON does not have, by null.
func plainJSON(text string) []byte {
	var out bytes.Buffer
	inText := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inText && c == '\\' && i+1 < len(text):
			out.WriteByte(c)
			i++
		case c == '"':
			inText = !inText
		case !inText:
			if word := foreignWord(text[i:]); word != "" {
				out.WriteString("null")
				i += len(word) - 1
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.Bytes()
}

func foreignWord(text string) string {
	for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
		if strings.HasPrefix(text, word) {
			return word
		}
	}
	return ""
}

// ids are the ids of all nodes, in the order of their numbers.
func (g graph) ids() []string {
	var all []string
	for id := range g {
		all = append(all, id)
	}
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return all
}
