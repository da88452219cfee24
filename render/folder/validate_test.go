package folder

import (
	"testing"

	"darkroom/render/family"
	"darkroom/render/onnx/graph"
)

// TestFamilyByWidth recognises Stable Diffusion 2 without configuration files, as in old exports.
func TestFamilyByWidth(t *testing.T) {
	t.Parallel()
	for width, want := range map[int]*family.Family{768: family.SD1, 1024: family.SD2} {
		f := &Model{
			Config: Config{Kind: family.Kind{Family: family.SD1}, TextLength: 77}, textEncoders: make([]textEncoderConfig, 1),
		}
		f.Ports.TextEncoders = []TextEncoder{{Layers: []graph.Value{{Name: "last_hidden_state", Dims: []int{0, 77, width}}}}}
		f.Ports.Context = graph.Value{Name: "encoder_hidden_states", Dims: []int{0, 0, 0}}
		if err := f.validateText(); err != nil || f.Config.Family != want || f.Config.TextWidth != width {
			t.Errorf("%d wide: got %s, %d wide, %v, want %s", width, f.Config.Family.Name, f.Config.TextWidth, err, want.Name)
		}
	}
}
