//go:build cgo

package golden_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"darkroom/render"
	"darkroom/render/easel/easeltest"
	"darkroom/render/picture"
)

// said is one prompt that the reference read.
type said struct {
	Model   string
	Dialect picture.Dialect
	Prompt  string
	// Negative tells that there is no negative prompt, and that what leads in its place was recorded.
	Negative       bool
	Skip           int // as a Spec counts
	NoNorm         bool
	IDs            [][]int32 // by chunk: of the first text encoder, then of the second
	Hidden, Pooled place
}

func (s said) String() string {
	return fmt.Sprintf("%s/%.20q skip %d negative %v no norm %v", s.Dialect, s.Prompt, s.Skip, s.Negative, s.NoNorm)
}

// TestText compares ids, and what of a prompt reaches the UNet.
func TestText(t *testing.T) {
	t.Parallel()
	easeltest.Runtime(t)
	var all []said
	r := records{numbers: load(t, "text", &all)}
	readers := map[string]render.Parts{}
	for _, s := range all {
		if readers[s.Model].Unet == nil {
			readers[s.Model] = parts(t, s.Model)
		}
		with := readers[s.Model]
		t.Run(s.Model+"/"+s.String(), func(t *testing.T) {
			t.Parallel()
			read(t, renderer(t, with), r, s) // a new one, which remembers no prompt
		})
	}
}

// read paints one step by a recorded prompt and looks at what leads it.
func read(t *testing.T, with *render.Renderer, r records, s said) {
	t.Helper()
	want := spec(s.Dialect)
	want.Prompt, want.ClipSkip = s.Prompt, s.Skip
	if s.NoNorm {
		want.Emphasis = picture.EmphasisNoNorm
	}
	if s.Negative {
		want.Negative, want.GuidanceScale = "", 7.5
	}
	var ids [][]int32
	var calls []call
	ctx := context.WithValue(context.WithValue(t.Context(), watching{}, &calls), reading{}, &ids)
	if _, err := with.Paint(ctx, want, render.Job{}); err != nil {
		t.Fatal(err)
	}
	if !s.Negative && !slices.EqualFunc(ids, s.IDs, slices.Equal) {
		t.Errorf("ids: got %v, want %v", ids, s.IDs)
	}
	given := calls[0].given
	if d := off(given.Hidden.Row(0), r.tensor(s.Hidden)); !(d <= passText) {
		t.Errorf("hidden states: off by %.2g of the largest, want at most %v", d, passText)
	}
	if s.Pooled.Shape == nil {
		return
	}
	if d := off(given.Pooled.Row(0), r.tensor(s.Pooled)); !(d <= passText) {
		t.Errorf("pooled vector: off by %.2g of the largest, want at most %v", d, passText)
	}
}
