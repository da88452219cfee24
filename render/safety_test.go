package render

import (
	"context"
	"errors"
	"image"
	"strings"
	"sync/atomic"
	"testing"

	"darkroom/render/safety"
)

// fakeChecker says of each image how red its first pixel is.
type fakeChecker struct {
	runs atomic.Int64
	err  error
}

// Check scores images.
func (f *fakeChecker) Check(_ context.Context, images []image.Image) ([]safety.Verdict, error) {
	f.runs.Add(1)
	if f.err != nil {
		return nil, f.err
	}
	all := make([]safety.Verdict, len(images))
	for i, img := range images {
		red, _, _, _ := img.At(img.Bounds().Min.X, img.Bounds().Min.Y).RGBA()
		all[i].Scores = []safety.Score{{Concept: "red", Value: float32(red>>8) / 255, Threshold: 0.5}}
	}
	return all, nil
}

// newChecked is the fake renderer with safety checkers; nil for none.
func newChecked(t *testing.T, o Options, finished, previews SafetyChecker) *Renderer {
	t.Helper()
	f := &fakeModel{}
	parts := f.parts()
	parts.Tokenizers, parts.Safety, parts.PreviewSafety = tokenizers(t), finished, previews
	r, err := New(parts, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantRedness checks that a verdict is about an image.
func wantRedness(t *testing.T, v *safety.Verdict, img image.Image, x int) {
	t.Helper()
	red, _, _, _ := img.At(x, 0).RGBA()
	if want := float32(red>>8) / 255; v == nil || len(v.Scores) != 1 || v.Scores[0].Value != want {
		t.Errorf("got %+v, want a redness of %v", v, want)
	}
}

func TestFinishedImagesAreScored(t *testing.T) {
	t.Parallel()
	s := boatSpec()
	s.Count = 3
	var f fakeChecker
	r := newChecked(t, Options{}, &f, nil)
	res := mustRender(t, r, s, Job{Progress: func(p Progress) {
		if p.Step != 2 {
			return
		}
		if preview := p.Preview(); preview == nil || preview.Safety != nil {
			t.Errorf("got the preview %v, want one that is not checked", preview)
		}
	}})
	for _, tile := range res.Tiles {
		wantRedness(t, tile.Safety, tile.Image, 0)
	}
	if _, timed := res.Millis[StageSafety]; !timed || f.runs.Load() != 1 {
		t.Errorf("%d runs, times %v; want all tiles checked in one, and timed", f.runs.Load(), res.Millis)
	}
}

func TestPreviewsAreScored(t *testing.T) {
	t.Parallel()
	s := boatSpec()
	s.Count = 2
	r := newChecked(t, Options{BatchPixels: 1}, nil, &fakeChecker{})
	var begun, whole *Preview
	res := mustRender(t, r, s, Job{Progress: func(p Progress) {
		switch p.Step {
		case 1:
			begun = p.Preview()
		case p.Steps:
			whole = p.Preview()
		}
	}})
	if begun == nil || len(begun.Safety) != 2 || begun.Safety[1] != nil {
		t.Fatalf("got %+v, want no verdict on a tile that has not begun", begun)
	}
	wantRedness(t, begun.Safety[0], begun.Sheet, 0)
	wantRedness(t, whole.Safety[1], whole.Sheet, whole.Sheet.Bounds().Dx()/2)
	if res.Tiles[0].Safety != nil {
		t.Errorf("got %+v, want finished images unchecked", res.Tiles[0].Safety)
	}
}

// TestUncheckedImagesAreNotReturned: who wants images checked gets none that is not.
func TestUncheckedImagesAreNotReturned(t *testing.T) {
	t.Parallel()
	broken := &fakeChecker{err: errors.New("no memory for that")}
	r := newChecked(t, Options{}, broken, broken)
	var preview *Preview
	_, err := r.Render(t.Context(), boatSpec(), Job{Progress: func(p Progress) { preview = p.Preview() }})
	if err == nil || !strings.Contains(err.Error(), "check: no memory for that") {
		t.Errorf("got %v, want the checker's error", err)
	}
	if preview != nil {
		t.Errorf("got the preview %v, want none", preview)
	}
}
