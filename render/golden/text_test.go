//go:build cgo

package golden_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"darkroom/render"
	"darkroom/render/picture"
	"darkroom/render/pipeline/pipelinetest"
)

// promptRecord is one prompt that the reference read.
type promptRecord struct {
	Model   string
	Dialect picture.Dialect
	Prompt  string
	// Negative says that there is no negative prompt, and that the conditioning in its place was recorded.
	Negative       bool
	Skip           int // as a Spec counts
	NoNorm         bool
	IDs            [][]int32 // by chunk: of the first text encoder, then of the second
	Hidden, Pooled numberRange
}

func (s promptRecord) String() string {
	return fmt.Sprintf("%s/%.20q skip %d negative %v no norm %v", s.Dialect, s.Prompt, s.Skip, s.Negative, s.NoNorm)
}

// TestText compares ids and the conditioning that reaches the UNet.
func TestText(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	var all []promptRecord
	r := records{numbers: loadRecords(t, "text", &all)}
	readers := map[string]render.Parts{}
	for _, s := range all {
		if readers[s.Model].Unet == nil {
			readers[s.Model] = goldenParts(t, s.Model)
		}
		with := readers[s.Model]
		t.Run(s.Model+"/"+s.String(), func(t *testing.T) {
			t.Parallel()
			checkPrompt(t, newRenderer(t, with), r, s) // a new one, with an empty cache
		})
	}
}

// checkPrompt renders one step of a recorded prompt and checks its conditioning.
func checkPrompt(t *testing.T, with *render.Renderer, r records, s promptRecord) {
	t.Helper()
	want := baseSpec(s.Dialect)
	want.Prompt, want.ClipSkip = s.Prompt, s.Skip
	if s.NoNorm {
		want.Emphasis = picture.EmphasisNoNorm
	}
	if s.Negative {
		want.Negative, want.GuidanceScale = "", 7.5
	}
	var ids [][]int32
	var calls []unetCall
	ctx := context.WithValue(context.WithValue(t.Context(), unetCallsKey{}, &calls), idsKey{}, &ids)
	if _, err := with.Render(ctx, want, render.Job{}); err != nil {
		t.Fatal(err)
	}
	if !s.Negative && !slices.EqualFunc(ids, s.IDs, slices.Equal) {
		t.Errorf("ids: got %v, want %v", ids, s.IDs)
	}
	conditioning := calls[0].conditioning
	if d := relativeError(conditioning.Hidden.Row(0), r.tensor(s.Hidden)); !(d <= maxTextError) {
		t.Errorf("hidden states: off by %.2g of the largest, want at most %v", d, maxTextError)
	}
	if s.Pooled.Shape == nil {
		return
	}
	if d := relativeError(conditioning.Pooled.Row(0), r.tensor(s.Pooled)); !(d <= maxTextError) {
		t.Errorf("pooled vector: off by %.2g of the largest, want at most %v", d, maxTextError)
	}
}
