package encode

import (
	"fmt"
	"strings"

	"darkroom/render/encode/comfy"
)

// Said is what an image says about how it was made.
type Said struct {
	Parameters

	Text    string // for people to read; "" for nothing
	ComfyUI bool   // it is a graph of ComfyUI. One that cannot be followed has a text and no prompt
}

// ReadSaid reads what an image says: the parameters text, or else the graph that ComfyUI writes into a PNG.
func ReadSaid(file []byte) Said {
	if text := ReadText(file); text != "" {
		return Said{Parameters: ParseParameters(text), Text: text}
	}
	if sniff(file) != "png" {
		return Said{Parameters: ParseParameters("")}
	}
	m := readPNG(file)
	graph, ok := comfy.Read(m.graph, m.workflow)
	if !ok {
		return Said{Parameters: ParseParameters("")}
	}
	return saidByComfy(graph)
}

// saidByComfy are the settings of a graph, as A1111 would write them.
func saidByComfy(g comfy.Settings) Said {
	s := Said{Parameters: Parameters{Prompt: g.Prompt, Negative: g.Negative}, ComfyUI: true}
	add := func(key, value string) {
		if value != "" {
			s.Fields = append(s.Fields, Field{key, value})
		}
	}
	add("Steps", g.Steps)
	add("Sampler", g.Sampler)
	add("Schedule type", g.Scheduler)
	add("CFG scale", g.CFG)
	add("Seed", g.Seed)
	if g.Width > 0 && g.Height > 0 {
		add("Size", fmt.Sprintf("%dx%d", g.Width, g.Height))
	}
	add("Model", g.Model)
	s.fill()
	s.Text = textOfGraph(g, s.Fields)
	return s
}

// textOfGraph shows settings as A1111 does. Of a graph that cannot be followed it shows all texts.
func textOfGraph(g comfy.Settings, fields []Field) string {
	var lines, pairs []string
	if g.Clear {
		lines = append(lines, g.Prompt)
		if g.Negative != "" {
			lines = append(lines, negativeMark+" "+g.Negative)
		}
	} else {
		lines = append(lines, g.Texts...)
	}
	for _, f := range fields {
		pairs = append(pairs, f.Key+": "+quote(f.Value))
	}
	if len(pairs) > 0 {
		lines = append(lines, strings.Join(pairs, ", "))
	}
	return strings.Join(lines, "\n")
}
