package picture_test

import (
	"slices"
	"strings"
	"testing"

	"darkroom/render/picture"
)

func TestLane(t *testing.T) {
	t.Parallel()
	spec := picture.Spec{Version: picture.Version, Model: picture.Ref{Name: "any name", Hash: "abc"}}
	if got, want := spec.Lane(), "4:abc"; got != want {
		t.Errorf("lane: got %q, want %q", got, want)
	}
	if got, want := picture.Lanes("abc"), []string{"4:abc", "3:abc", "2:abc", "1:abc"}; !slices.Equal(got, want) {
		t.Errorf("lanes: got %q, want %q", got, want)
	}
	if got := picture.Lanes("abc"); !slices.Contains(got, spec.Lane()) {
		t.Errorf("lanes of a renderer with that model: got %q, want %q among them", got, spec.Lane())
	}
	spec.Version++
	if got := picture.Lanes("abc"); slices.Contains(got, spec.Lane()) {
		t.Errorf("lanes: got %q, which holds %q of a newer version", got, spec.Lane())
	}
}

// TestLaneOfNeeds holds the third part of a lane, which is stored in SQL: it was found with sha256sum.
func TestLaneOfNeeds(t *testing.T) {
	t.Parallel()
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 64)
	spec := picture.Spec{
		Version: 3, Model: picture.Ref{Name: "photo", Hash: "abc"}, VAE: &picture.Ref{Name: "soft", Hash: a},
		Addons: []picture.Addon{
			{Kind: picture.LoRA, Name: "ink", Hash: b, Strength: 1}, {Kind: picture.Embedding, Name: "mood", Hash: a},
		},
		Upscaler: &picture.Ref{Name: "photo", Hash: strings.Repeat("c", 64)}, // it lies in the model's folder
	}
	if got, want := spec.Lane(), "3:abc:5e9ae866add9a85d"; got != want {
		t.Errorf("lane: got %q, want %q", got, want)
	}
	if got := spec.Needs(); !slices.Equal(got, []string{a, b}) {
		t.Errorf("needs: got %q, want each once, in order", got)
	}
	other := spec
	other.Addons = []picture.Addon{spec.Addons[1], spec.Addons[0]}
	other.Addons[1].Strength = 0.5
	if other.Lane() != spec.Lane() {
		t.Error("order and strengths give another lane")
	}
	other.Upscaler = &picture.Ref{Name: "esrgan", Hash: strings.Repeat("c", 64)}
	if other.Lane() == spec.Lane() || len(other.Needs()) != 3 {
		t.Error("an upscaler of its own gives the same lane")
	}
	for lane, want := range map[string]string{spec.Lane(): "3:abc", "3:abc": "3:abc", "a": "a"} {
		if got := picture.ModelLane(lane); got != want {
			t.Errorf("lane of the model of %q: got %q, want %q", lane, got, want)
		}
	}
}

func TestPartNames(t *testing.T) {
	t.Parallel()
	spec := picture.Spec{Model: picture.Ref{Name: "photo", Hash: "abc"}, VAE: &picture.Ref{Name: "soft", Hash: "v"}}
	if got, want := picture.AllOf(spec.Parts()).String(), "the model “photo” and the VAE “soft”"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	spec.Addons = []picture.Addon{
		{Kind: picture.LoRA, Name: "ink", Hash: "i"}, {Kind: picture.Hypernet, Name: "x", Hash: "h"},
	}
	missing := picture.Without(spec.Parts(), []string{"abc", "v"})
	if got, want := picture.AnyOf(missing).String(), "the LoRA “ink” or the hypernetwork “x”"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
