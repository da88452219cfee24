package comfy

import (
	"encoding/json"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Settings are what a graph says about how an image was made. What it does not say is zero.
type Settings struct {
	Prompt, Negative string // with the LoRAs as A1111's tags
	Clear            bool   // the prompt could be followed; else all texts of the graph are in Texts
	Texts            []string
	Seed, Steps, CFG string // numbers, as written
	Sampler          string // A1111's name where there is one
	Scheduler        string // likewise
	Width, Height    int
	Model            string // without folder and ending
}

const (
	maxTexts = 16      // that are shown of a graph that cannot be followed
	maxLoras = 16      // of a model
	maxText  = 1 << 14 // bytes of one text

	maxDigits = 24 // of a number
)

// Read reads a graph as it was run, or else as it is edited; false for none.
func Read(prompt, workflow string) (Settings, bool) {
	g := readGraph(prompt)
	if len(g) == 0 {
		g = readWorkflow(workflow)
	}
	if len(g) == 0 {
		return Settings{}, false
	}
	return g.settings(), true
}

func (g graph) settings() Settings {
	s := Settings{Texts: g.texts()}
	base, ok := g.baseSampler()
	if !ok {
		return s
	}
	in := base.Inputs
	s.Seed = g.number(first(in, "seed", "noise_seed"))
	s.Steps, s.CFG = g.number(in["steps"]), g.number(in["cfg"])
	s.Sampler, s.Scheduler = samplerTitle(g.text(in["sampler_name"])), schedulerTitle(g.text(in["scheduler"]))
	s.Width, s.Height = g.size(in["latent_image"])
	model, tags := g.model(in["model"])
	s.Model = model
	positive, sure := g.said(in["positive"])
	negative, sure2 := g.said(in["negative"])
	if s.Clear = sure && sure2 && positive != ""; s.Clear {
		s.Prompt, s.Negative = strings.TrimSpace(positive+" "+strings.Join(tags, " ")), negative
	}
	return s
}

// first is the first input that is there.
func first(in map[string]any, names ...string) any {
	for _, name := range names {
		if v := in[name]; v != nil {
			return v
		}
	}
	return nil
}

// follow follows links from an input: next says which input of a node leads on, nil for the end. It returns the last
// node.
func (g graph) follow(from any, next func(node, int) any) (last node, ok bool) {
	seen := map[string]bool{}
	for range maxSteps {
		to, isLink := from.(link)
		if !isLink || seen[to.node] {
			return last, ok
		}
		n, known := g[to.node]
		if !known {
			return last, false
		}
		seen[to.node] = true
		last, ok = n, true
		from = next(n, to.slot)
	}
	return node{}, false
}

// isSampler tells whether a node turns noise into an image.
func (n node) isSampler() bool { return n.Type == "KSampler" || n.Type == "KSamplerAdvanced" }

// baseSampler finds the sampler whose size and seed count: the first one of those that made the image. Later ones
// refine what it made.
func (g graph) baseSampler() (base node, ok bool) {
	lead := func(n node, _ int) any {
		if n.isSampler() {
			base, ok = n, true
		}
		return first(n.Inputs, "images", "image", "samples", "latent_image", "latent", "pixels")
	}
	for _, kind := range []string{"SaveImage", "PreviewImage"} {
		for _, id := range g.ids() {
			if n := g[id]; n.Type == kind && !ok {
				g.follow(n.Inputs["images"], lead)
			}
		}
	}
	for _, id := range g.ids() {
		if n := g[id]; n.isSampler() && !ok {
			g.follow(link{node: id}, lead)
		}
	}
	return base, ok
}

// number is a whole or decimal number as written, here or behind links; "" for none.
func (g graph) number(v any) string {
	n, ok := g.value(v).(json.Number)
	if !ok || len(n) > maxDigits {
		return ""
	}
	return n.String()
}

// text is a text, here or behind links; "" for none, or one that is too long.
func (g graph) text(v any) string {
	if text, ok := g.value(v).(string); ok && len(text) <= maxText {
		return text
	}
	return ""
}

// value is what an input holds, here or behind links to nodes that only hold a value.
func (g graph) value(v any) any {
	if _, isLink := v.(link); !isLink {
		return v
	}
	held := func(n node) any { return first(n.Inputs, "text", "string", "value", "seed", "int", "float") }
	last, ok := g.follow(v, func(n node, _ int) any { return held(n) })
	if !ok {
		return nil
	}
	if _, isLink := held(last).(link); isLink {
		return nil // a circle
	}
	return held(last)
}

// size is that of the empty latents that an image began with; 0 for one that began with another image.
func (g graph) size(latents any) (width, height int) {
	last, ok := g.follow(latents, func(n node, _ int) any {
		return first(n.Inputs, "samples", "latent_image", "latent", "pixels", "image")
	})
	if !ok || !strings.HasPrefix(last.Type, "Empty") {
		return 0, 0
	}
	width, _ = strconv.Atoi(g.number(last.Inputs["width"]))
	height, _ = strconv.Atoi(g.number(last.Inputs["height"]))
	return width, height
}

// model is the name of a checkpoint, and the tags of the LoRAs that it goes through.
func (g graph) model(from any) (name string, tags []string) {
	last, ok := g.follow(from, func(n node, _ int) any {
		if file := g.text(n.Inputs["lora_name"]); file != "" && len(tags) < maxLoras {
			if weight := g.number(n.Inputs["strength_model"]); weight != "" {
				tags = append(tags, "<lora:"+plainName(file)+":"+weight+">")
			}
		}
		return n.Inputs["model"]
	})
	if !ok {
		return "", tags
	}
	slices.Reverse(tags)
	return plainName(g.text(first(last.Inputs, "ckpt_name", "unet_name"))), tags
}

// plainName is the name of a file without folder and ending. What would end a tag or a field is left out.
func plainName(file string) string {
	base := path.Base("/" + strings.ReplaceAll(file, `\`, "/"))
	base = strings.TrimSuffix(base, path.Ext(base))
	return strings.Trim(strings.NewReplacer("<", "", ">", "", ":", "", "\n", " ").Replace(base), "/. ")
}

// said is the text that a conditioning was made of. It is not clear where several are mixed, or where it comes from a
// node that is not known.
func (g graph) said(from any) (text string, sure bool) {
	last, ok := g.follow(from, func(n node, slot int) any {
		if n.Inputs["text"] != nil || n.Type == zeroed {
			return nil
		}
		if _, both := n.Inputs["negative"].(link); both && slot == 1 {
			return n.Inputs["negative"]
		}
		return first(n.Inputs, "conditioning", "positive")
	})
	switch {
	case !ok:
		return "", false
	case last.Type == zeroed:
		return "", true
	case last.Inputs["text"] != nil:
		text, sure = g.value(last.Inputs["text"]).(string)
		return strings.TrimSpace(text), sure && len(text) <= maxText
	}
	big, sure := g.value(last.Inputs["text_g"]).(string)
	small, sure2 := g.value(last.Inputs["text_l"]).(string)
	if strings.TrimSpace(big) == "" {
		big = small
	}
	same := strings.TrimSpace(small) == "" || strings.TrimSpace(small) == strings.TrimSpace(big)
	return strings.TrimSpace(big), sure && sure2 && same && len(big) <= maxText
}

// zeroed makes a conditioning that says nothing.
const zeroed = "ConditioningZeroOut"

// texts are the texts in the nodes that encode some, in order.
func (g graph) texts() (all []string) {
	for _, id := range g.ids() {
		n := g[id]
		if !strings.HasPrefix(n.Type, "CLIPTextEncode") {
			continue
		}
		for _, name := range []string{"text", "text_g", "text_l"} {
			text := strings.TrimSpace(g.text(n.Inputs[name]))
			if text != "" && len(all) < maxTexts && !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	return all
}
