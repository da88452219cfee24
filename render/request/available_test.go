package request

import (
	"testing"

	"darkroom/render/picture"
)

func TestCheckNamesWhatNoRendererHas(t *testing.T) {
	t.Parallel()
	all := Available{
		Models: []Card{
			{Name: "photo", Hash: "p", Upscaler: &picture.Ref{Name: "photo", Hash: "u"}}, {Name: "toon", Hash: "t"},
		},
		Addons: []AddonCard{{Name: "ink", Hash: "i"}, {Name: "glow", Hash: "g"}},
	}
	two := all
	two.Renderers = [][]string{{"p", "u", "i"}, {"t", "g"}}
	remembered := all
	remembered.Remembered = true
	spec := func(model string, addons ...string) picture.Spec {
		s := picture.Spec{Model: picture.Ref{Name: model, Hash: model[:1]}}
		for _, a := range addons {
			s.Addons = append(s.Addons, picture.Addon{Kind: picture.LoRA, Name: a, Hash: a[:1]})
		}
		return s
	}
	upscaled := spec("toon")
	upscaled.Upscaler = &picture.Ref{Name: "upscaler of photo", Hash: "u"}
	for _, c := range []struct {
		has  Available
		spec picture.Spec
		want string
	}{
		{all, spec("photo", "ink", "glow"), ""},
		{all, upscaled, ""},
		{two, spec("photo", "ink"), ""},
		{two, spec("toon", "glow"), ""},
		{all, spec("photo", "ink", "lost"), "No renderer has the LoRA “lost” now."},
		{two, spec("photo", "lost", "gone"), "No renderer has the LoRA “lost” now."},
		{all, spec("old", "lost", "x"), "No renderer has the model “old”, the LoRA “lost” or the LoRA “x” now."},
		{two, spec("photo", "glow"), "No single renderer has all of these: the model “photo” and the LoRA “glow”."},
		{remembered, spec("old", "lost"), ""},
	} {
		refusal := c.has.Check(c.spec)
		if got := refusal; got == nil && c.want != "" || got != nil && got.Sentence.String() != c.want {
			t.Errorf("%v with %v: got %v, want %q", c.spec.Model.Name, c.spec.Addons, got, c.want)
		}
	}
}
