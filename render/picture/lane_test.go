package picture_test

import (
	"slices"
	"testing"

	"darkroom/render/picture"
)

func TestLane(t *testing.T) {
	t.Parallel()
	spec := picture.Spec{Version: picture.Version, Model: picture.Ref{Name: "any name", Hash: "abc"}}
	if got, want := spec.Lane(), "3:abc"; got != want {
		t.Errorf("lane: got %q, want %q", got, want)
	}
	if got, want := picture.Lanes("abc"), []string{"3:abc", "2:abc", "1:abc"}; !slices.Equal(got, want) {
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
