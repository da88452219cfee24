package folder

import (
	"fmt"

	"darkroom/render/onnx/graph"
)

// TextEncoder holds the inputs and outputs of a text encoder.
type TextEncoder struct {
	IDs, Pooled graph.Value
	Layers      []graph.Value // hidden states, by the number of layers left out
	Width       int           // numbers per token

	part        string
	finalNorm   bool        // the layers are read after the final norm
	last        graph.Value // hidden states after the final norm
	layerCount  int         // as the configuration says; 0 where it does not
	layersAdded bool        // layers must be added as outputs: see exposeLayers
}

// Outputs lists what a text encoder is asked for: all layers, then the pooled vector if there is one.
func (t TextEncoder) Outputs() []graph.Value {
	all := append([]graph.Value(nil), t.Layers...)
	if t.Pooled.Name != "" {
		all = append(all, t.Pooled)
	}
	return all
}

// maxSkips is how many of a text encoder's last layers can be left out: A1111 counts them up to 12.
const maxSkips = 11

// findTextEncoder finds the ports of text encoder i and the layers that can be read.
func (f *Model) findTextEncoder(i int) (TextEncoder, error) {
	c, of := f.Config, f.Config.Family.TextEncoders[i]
	t := TextEncoder{part: of.Part, finalNorm: of.FinalNorm, layerCount: f.textEncoders[i].layers}
	length := map[int]int{1: c.TextLength}
	var err error
	ids := portSpec{t.part, []string{"input_ids"}, []int{2}, integerTypes, length, false}
	if t.IDs, err = f.port(ids, false); err != nil {
		return t, err
	}
	if of.Pooled {
		pooled := portSpec{t.part, []string{"text_embeds"}, []int{2}, floatTypes, nil, true}
		if t.Pooled, err = f.port(pooled, true); err != nil {
			return t, err
		}
		if t.Pooled.Name == "" {
			return t, fmt.Errorf("no output called \"text_embeds\", it has %v", f.graphs[t.part].Outputs)
		}
	}
	if f.written[t.part] != nil {
		return t, f.findWrittenLayers(&t, length)
	}
	if !of.FinalNorm {
		return t, f.findInnerLayers(&t, length)
	}
	if t.last, err = f.port(f.lastLayer(t.part), true); err != nil {
		return t, err
	}
	t.Layers = []graph.Value{t.last}
	f.findAddableLayers(&t)
	return t, nil
}

// lastLayer is the output after the final norm.
func (f *Model) lastLayer(part string) portSpec {
	return portSpec{part, []string{"last_hidden_state"}, []int{3}, floatTypes, map[int]int{1: f.Config.TextLength}, false}
}

// findInnerLayers finds the layers of an encoder that is read without the final norm, beginning with the last but one.
// Optimum's exports of SDXL output every layer; where an export does not, they are added.
func (f *Model) findInnerLayers(t *TextEncoder, length map[int]int) error {
	all := 0 // exported layers, with the embeddings as layer 0
	for _, ok := f.graphs[t.part].Output(layerName(all)); ok; _, ok = f.graphs[t.part].Output(layerName(all)) {
		all++
	}
	for i := all - 2; i >= 0 && len(t.Layers) <= maxSkips; i-- {
		v, err := f.port(portSpec{t.part, []string{layerName(i)}, []int{3}, floatTypes, length, true}, true)
		if err != nil {
			return err
		}
		t.Layers = append(t.Layers, v)
	}
	if len(t.Layers) > 0 {
		return nil
	}
	var err error
	if t.last, err = f.port(f.lastLayer(t.part), true); err != nil {
		return err
	}
	if f.findAddableLayers(t); len(t.Layers) == 0 {
		return fmt.Errorf(
			"no output called %q and so on, and its layers are not recognised; "+
				"want an export with all hidden states, as Optimum makes it for SDXL",
			layerName(0),
		)
	}
	return nil
}

// findWrittenLayers finds the layers that a written network gives.
func (f *Model) findWrittenLayers(t *TextEncoder, length map[int]int) error {
	for skip := range maxSkips + 1 {
		v, err := f.port(portSpec{t.part, []string{graph.LayerName(skip)}, []int{3}, floatTypes, length, skip > 0}, true)
		if err != nil || v.Name == "" {
			return err
		}
		t.Layers = append(t.Layers, v)
	}
	return nil
}

func layerName(i int) string { return fmt.Sprintf("hidden_states.%d", i) }

// findAddableLayers finds the layers that can be added to the file's network, if its structure is recognised.
func (f *Model) findAddableLayers(t *TextEncoder) {
	s, err := graph.ReadSkeleton(f.path(t.part))
	if err != nil {
		return
	}
	_, added, err := f.exposeLayers(*t, s.Model)
	if err != nil {
		return // a fused network, for example: everything but clip skip works
	}
	t.Layers, t.layersAdded = append(t.Layers, added...), true
}

// exposeLayers makes a text encoder's network output its inner layers too.
func (f *Model) exposeLayers(t TextEncoder, model []byte) ([]byte, []graph.Value, error) {
	return graph.ExposeLayers(
		model, t.last, graph.LayerOptions{Max: maxSkips + 1, Count: t.layerCount, FinalNorm: t.finalNorm},
	)
}
