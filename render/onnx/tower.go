package onnx

import (
	"fmt"

	"darkroom/render/onnx/graph"
)

// maxSkips is how many of a text encoder's last layers people leave out: A1111 counts them up to 12.
const maxSkips = 11

// findTower finds the ports of text encoder i and the layers it can give out.
func (f *Folder) findTower(i int) (tower, error) {
	c := f.Config
	t := tower{part: c.textParts()[i], count: f.towers[i].layers}
	length := map[int]int{1: c.TextLength}
	var err error
	if t.ids, err = f.port(wanted{t.part, []string{"input_ids"}, []int{2}, integers, length, false}, false); err != nil {
		return t, err
	}
	if t.part == secondPart {
		if t.pooled, err = f.port(wanted{t.part, []string{"text_embeds"}, []int{2}, floats, nil, true}, true); err != nil {
			return t, err
		}
		if t.pooled.Name == "" {
			return t, fmt.Errorf("no output called \"text_embeds\", it has %v", f.graphs[t.part].Outputs)
		}
	}
	if c.Family == XL {
		return t, f.findInner(&t, length)
	}
	if t.last, err = f.port(f.lastLayer(t.part), true); err != nil {
		return t, err
	}
	t.layers = []graph.Value{t.last}
	f.addLayers(&t)
	return t, nil
}

// lastLayer is the output after the final norm.
func (f *Folder) lastLayer(part string) wanted {
	return wanted{part, []string{"last_hidden_state"}, []int{3}, floats, map[int]int{1: f.Config.TextLength}, false}
}

// findInner finds the layers that SDXL reads: it was trained with the last but one of both encoders, without the final
// norm. Optimum's exports give out every layer; where one does not, they are added.
func (f *Folder) findInner(t *tower, length map[int]int) error {
	all := 0 // exported layers, with the embeddings as layer 0
	for _, ok := f.graphs[t.part].Output(layerName(all)); ok; _, ok = f.graphs[t.part].Output(layerName(all)) {
		all++
	}
	for i := all - 2; i >= 0 && len(t.layers) <= maxSkips; i-- {
		v, err := f.port(wanted{t.part, []string{layerName(i)}, []int{3}, floats, length, true}, true)
		if err != nil {
			return err
		}
		t.layers = append(t.layers, v)
	}
	if len(t.layers) > 0 {
		return nil
	}
	var err error
	if t.last, err = f.port(f.lastLayer(t.part), true); err != nil {
		return err
	}
	if f.addLayers(t); len(t.layers) == 0 {
		return fmt.Errorf("no output called %q and so on, and its layers cannot be told apart; want an export with all hidden states, as Optimum makes it for SDXL", layerName(0))
	}
	return nil
}

func layerName(i int) string { return fmt.Sprintf("hidden_states.%d", i) }

// addLayers notes the layers that can be added to the file's network, if it can be followed.
func (f *Folder) addLayers(t *tower) {
	s, err := graph.ReadSkeleton(f.path(t.part))
	if err != nil {
		return
	}
	_, added, err := f.giveLayers(*t, s.Model)
	if err != nil {
		return // a network that was fused, say: it is good for all but clip skip
	}
	t.layers, t.added = append(t.layers, added...), true
}

// giveLayers makes a text encoder's network give out its inner layers too.
func (f *Folder) giveLayers(t tower, model []byte) ([]byte, []graph.Value, error) {
	return graph.GiveLayers(model, t.last, graph.LayerOptions{Most: maxSkips + 1, Count: t.count, Normed: f.Config.Family != XL})
}
