package picture_test

import (
	"testing"

	"darkroom/render/picture"
)

func TestFieldsVersion(t *testing.T) {
	t.Parallel()
	eta, half := 0.5, 0.5
	for name, c := range map[string]struct {
		change func(*picture.Spec)
		want   int
	}{
		"nothing new":          {func(*picture.Spec) {}, 1},
		"Midjourney's weights": {func(s *picture.Spec) { s.Notation = picture.NotationMidjourney }, 2},
		"emphasis":             {func(s *picture.Spec) { s.Emphasis = picture.EmphasisNoNorm }, 2},
		"eta":                  {func(s *picture.Spec) { s.Eta = &eta }, 2},
		"rescale":              {func(s *picture.Spec) { s.Rescale = 0.7 }, 2},
		"a seed delta":         {func(s *picture.Spec) { s.SeedDelta = 1 }, 2},
		"a seed size":          {func(s *picture.Spec) { s.SeedSize = &picture.Size{Width: 8, Height: 8} }, 2},
		"tiling":               {func(s *picture.Spec) { s.Tiling = true }, 2},
		"a start image":        {func(s *picture.Spec) { s.Init = &picture.Init{} }, 1},
		"a place":              {func(s *picture.Spec) { s.Init = &picture.Init{Placement: &picture.Placement{}} }, 2},
		"a window":             {func(s *picture.Spec) { s.Init = &picture.Init{Window: &picture.Size{}} }, 3},
		"an upscale":           {func(s *picture.Spec) { s.Upscale = &picture.Upscale{Scale: 2} }, 3},
		"an upscaler":          {func(s *picture.Spec) { s.Upscaler = &picture.Ref{} }, 3},
		"prompts of tiles":     {func(s *picture.Spec) { s.Tiles = []picture.TilePrompt{{}} }, 3},
		"a VAE":                {func(s *picture.Spec) { s.VAE = &picture.Ref{} }, 3},
		"a prediction":         {func(s *picture.Spec) { s.Prediction = picture.PredictsEpsilon }, 3},
		"a schedule":           {func(s *picture.Spec) { s.Schedule = &picture.Schedule{} }, 4},
		"an add-on":            {func(s *picture.Spec) { s.Addons = []picture.Addon{{Strength: 1}} }, 1},
		"an add-on in parts":   {func(s *picture.Spec) { s.Addons = []picture.Addon{{TextStrength: &half}} }, 3},
	} {
		s := plain()
		s.Version = 2
		if c.change(&s); s.FieldsVersion() != c.want {
			t.Errorf("%s: got version %d, want %d", name, s.FieldsVersion(), c.want)
		}
	}
}

// TestVersion1KeepsLaterFields: earlier programs kept the version of a Spec that a remix gave a field of version 2.
// Such rows are read as they are.
func TestVersion1KeepsLaterFields(t *testing.T) {
	t.Parallel()
	s := plain()
	s.Tiling = true
	data, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := picture.Decode(data); err != nil || got.Version != 1 || !got.Tiling {
		t.Errorf("got %+v, %v, want it as it was written", got, err)
	}
}
