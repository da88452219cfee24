package request

import (
	"strings"
	"testing"

	"darkroom/render/picture"
)

func TestAnotherModelDropsUnsupported(t *testing.T) {
	t.Parallel()
	base, _ := Resolve(Wanted{Prompt: "red boat"}, postcards(), 5)
	s := base.Spec
	s.Tiling, s.ClipSkip, s.Rescale = true, 3, 0.5
	o := anySize()
	o.Models[0].Dialect, o.Models[0].Samplers = picture.A1111, []string{"euler"}
	o.Models[0].Tiling, o.Models[0].SkippableLayers = new(false), new(1)
	got, no := Repaint(s, o)
	if no != nil || got.Spec.Tiling || got.Spec.ClipSkip != 0 || got.Spec.Rescale != 0 || len(got.Notes) != 4 {
		t.Errorf("got %+v, %v; want none of the three, and a note for each beside the model's", got, no)
	}
	o.Models[0].Dialect, o.Models[0].Tiling, o.Models[0].SkippableLayers = picture.Diffusers, nil, new(2)
	got, no = Repaint(s, o)
	if no != nil || !got.Spec.Tiling || got.Spec.ClipSkip != 3 || got.Spec.Rescale != 0.5 {
		t.Errorf("a model that can: got %+v, %v; want all three kept", got, no)
	}
}

func TestUnsupportedTilingIsRefused(t *testing.T) {
	t.Parallel()
	o := postcards()
	o.Models[0].Tiling = new(false)
	if _, no := Resolve(Wanted{Prompt: "red boat", Tiling: new(true)}, o, 1); no == nil ||
		!strings.Contains(no.Sentence, "tileable") {
		t.Errorf("got %v, want a refusal", no)
	}
	o.Models[0].Tiling = nil
	if _, no := Resolve(Wanted{Prompt: "red boat", Tiling: new(true)}, o, 1); no != nil {
		t.Errorf("a renderer that does not say: got %v, want it allowed", no)
	}
}
