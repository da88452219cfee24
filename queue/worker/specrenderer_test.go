package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg"
	"image/png"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"darkroom/queue"
	"darkroom/render"
	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/safety"
)

// fakePipeline renders noise, in no time.
type fakePipeline struct {
	spec  picture.Spec
	short bool
	notes []string
	blur  *int
	err   error

	preview *render.Preview
	verdict *safety.Verdict // on each image
}

func (h *fakePipeline) Render(ctx context.Context, spec picture.Spec, job render.Job) (*render.Result, error) {
	h.spec, h.blur = spec, job.MaskBlur
	if spec.Init != nil {
		if _, err := job.Input(ctx, spec.Init.Picture.SHA256); err != nil {
			return nil, fmt.Errorf("start picture: %w", err)
		}
	}
	for step := 1; step <= spec.Steps; step++ {
		job.Progress(render.Progress{Step: step, Steps: spec.Steps, Preview: func() *render.Preview { return h.preview }})
	}
	r := &render.Result{Millis: map[string]int64{"denoise": 5}, LowMemory: h.short, Notes: h.notes}
	for i := range spec.Count {
		tile := image.NewNRGBA(image.Rect(0, 0, spec.Width, spec.Height))
		for p := range tile.Pix {
			tile.Pix[p] = byte((p*p*2654435761 + i*97) >> 7)
		}
		for y := range spec.Height {
			for x := range spec.Width {
				c := tile.NRGBAAt(x, y)
				tile.SetNRGBA(x, y, color.NRGBA{c.R, c.G, c.B, 255})
			}
		}
		r.Tiles = append(r.Tiles, render.Tile{Seed: spec.Seed + int64(i), Image: tile, Safety: h.verdict})
	}
	return r, h.err
}

func (h *fakePipeline) renderer() SpecRenderer {
	return SpecRenderer{
		Load: func(context.Context, string) (Pipeline, error) { return h, nil },
		Input: func(_ context.Context, sha string) ([]byte, error) {
			return nil, fmt.Errorf("input %s: %w", sha, queue.ErrNotFound)
		},
		FileLimit: func(address json.RawMessage) (limit int64, err error) {
			err = json.Unmarshal(address, &limit)
			return limit, err
		},
		Reasons: Reasons{Unreadable: "unreadable", InputGone: "gone", TooLarge: "too large"},
		Program: "darkroom test",
	}
}

func testSpec() picture.Spec {
	return picture.Spec{
		Version: 1, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
		Model:  picture.Ref{Name: "m", Hash: strings.Repeat("a", 64)},
		Prompt: "a red boat", Width: 64, Height: 48, Seed: 7, Count: 2, Steps: 4, GuidanceScale: 5, Sampler: "ddim",
	}
}

func leaseOf(t *testing.T, spec picture.Spec, limit int64) queue.Lease {
	t.Helper()
	b, err := spec.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return queue.Lease{Job: queue.Job{ID: "42-0", Spec: b, Address: json.RawMessage(fmt.Sprint(limit))}}
}

func TestSpecRenderer(t *testing.T) {
	t.Parallel()
	noProgress := func(int, func() image.Image) {}

	t.Run("pictures are named, signed and measured", func(t *testing.T) {
		t.Parallel()
		var h fakePipeline
		var percents []int
		made, err := h.renderer().Render(t.Context(), leaseOf(t, testSpec(), 10<<20),
			func(p int, preview func() image.Image) { percents = append(percents, p) })
		if err != nil {
			t.Fatal(err)
		}
		if want := []int{25, 50, 75, 100, 100, 100}; !slices.Equal(percents, want) {
			t.Errorf("progress: got %v, want %v", percents, want)
		}
		if _, ok := made.Millis["load"]; !ok || made.Millis["denoise"] != 5 {
			t.Errorf("times: got %v, want load beside the renderer's own", made.Millis)
		}
		if len(made.Images) != 2 {
			t.Fatalf("got %d pictures, want 2", len(made.Images))
		}
		for i, f := range made.Images {
			name := fmt.Sprintf("42-0-%d.png", i+1)
			if f.Name != name || f.File.Name != name || f.File.Seed != 7+int64(i) || f.File.Width != 64 || f.File.Height != 48 ||
				len(f.File.SHA256) != 64 || len(f.File.PHash) != 16 {
				t.Errorf("got %q, %+v, want %q, seed %d, 64x48 and both hashes", f.Name, f.File, name, 7+i)
			}
			if _, err := png.Decode(bytes.NewReader(f.Data)); err != nil {
				t.Errorf("picture %d: %v", i+1, err)
			}
			if want := encode.FormatParameters(testSpec().Tile(i),
				encode.Extra{Version: "darkroom test"}); !bytes.Contains(f.Data, []byte(want)) {
				t.Errorf("picture %d does not say how it was made: want %q in it", i+1, want)
			}
		}
	})
	t.Run("what a mask does not mark stays, with a soft edge", func(t *testing.T) {
		t.Parallel()
		var h fakePipeline
		p := h.renderer()
		p.Input = func(context.Context, string) ([]byte, error) { return nil, nil }
		spec, in := testSpec(), picture.Input{SHA256: strings.Repeat("b", 64), Width: 64, Height: 48}
		spec.Init = &picture.Init{Picture: in, Mask: &in, Strength: 0.5}
		made, err := p.Render(t.Context(), leaseOf(t, spec, 10<<20), noProgress)
		if err != nil || h.blur == nil || *h.blur != 4 {
			t.Fatalf("got blur %v, %v; want 4", h.blur, err)
		}
		if !bytes.Contains(made.Images[0].Data, []byte("Mask blur: 4")) {
			t.Error("the image's text does not name the mask's blur")
		}
		spec.Init.Mask = nil
		if _, err := p.Render(t.Context(), leaseOf(t, spec, 10<<20), noProgress); err != nil || h.blur != nil {
			t.Errorf("without a mask: got blur %v, %v; want none", h.blur, err)
		}
	})
	t.Run("a place that takes small files gets what fits", func(t *testing.T) {
		t.Parallel()
		for limit, want := range map[int64]struct {
			name   string
			lossy  bool
			shrunk bool
		}{
			6000: {name: "42-0-1.webp"}, 4000: {name: "42-0-1.jpg", lossy: true},
			5000: {name: "42-0-1.jpg", lossy: true, shrunk: true},
		} {
			spec := testSpec()
			if want.shrunk {
				spec.Width, spec.Height = 160, 120
			}
			var h fakePipeline
			made, err := h.renderer().Render(t.Context(), leaseOf(t, spec, limit), noProgress)
			if err != nil {
				t.Errorf("limit %d: %v", limit, err)
				continue
			}
			f := made.Images[0]
			if f.Name != want.name || f.File.Name != want.name || int64(len(f.Data)) > limit || f.File.Limit != limit ||
				f.File.PNGBytes < limit || f.File.Quality > 0 != want.lossy || f.File.Shrunk != want.shrunk {
				t.Errorf("limit %d: got %s of %d bytes, %+v, want %+v", limit, f.Name, len(f.Data), f.File, want)
			}
		}
	})
	t.Run("what the renderer found out is told once", func(t *testing.T) {
		t.Parallel()
		notes := []string{"“ink”: 12 of 200 weights fit nothing in this model."}
		made, err := (&fakePipeline{notes: notes}).renderer().Render(t.Context(), leaseOf(t, testSpec(), 10<<20), noProgress)
		if err != nil || !slices.Equal(made.Images[0].File.Notes, notes) || made.Images[1].File.Notes != nil {
			t.Errorf("got %+v, %v, want the note with the first picture", made, err)
		}
	})
	t.Run("each picture tells whether memory ran short for it", func(t *testing.T) {
		t.Parallel()
		for _, short := range []bool{false, true} {
			made, err := (&fakePipeline{short: short}).renderer().Render(t.Context(), leaseOf(t, testSpec(), 10<<20), noProgress)
			if err != nil || made.Images[1].File.LowMemory != short {
				t.Errorf("got %+v, %v, want short %v", made.Images[1].File, err, short)
			}
		}
	})
	for name, c := range map[string]struct {
		lease func(*testing.T) queue.Lease
		final bool
		err   error
	}{
		"a Spec nobody can read is final": {func(*testing.T) queue.Lease {
			return queue.Lease{Job: queue.Job{Spec: json.RawMessage(`{"v":99}`), Address: json.RawMessage(`1`)}}
		}, true, nil},
		"an address nobody can read is final": {func(t *testing.T) queue.Lease {
			l := leaseOf(t, testSpec(), 0)
			l.Job.Address = json.RawMessage(`[]`)
			return l
		}, true, nil},
		"a start picture that is gone is final": {func(t *testing.T) queue.Lease {
			s := testSpec()
			s.Init = &picture.Init{Picture: picture.Input{SHA256: strings.Repeat("b", 64), Width: 8, Height: 8}, Strength: 0.5}
			return leaseOf(t, s, 0)
		}, true, nil},
		"a picture that fits nowhere is final": {func(t *testing.T) queue.Lease { return leaseOf(t, testSpec(), 10) }, true,
			nil},
		"what the model refuses is final": {func(t *testing.T) queue.Lease { return leaseOf(t, testSpec(), 0) }, true,
			fmt.Errorf("encode: %w", &render.Refusal{Sentence: "this cannot be painted"})},
		"what the renderer meets comes back as it is": {func(t *testing.T) queue.Lease { return leaseOf(t, testSpec(), 0) },
			false,
			errors.New("out of memory")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := fakePipeline{err: c.err}
			_, err := h.renderer().Render(t.Context(), c.lease(t), noProgress)
			var final *FinalError
			if errors.As(err, &final); c.final && (final == nil || final.Reason == "") {
				t.Errorf("got %v, want a sentence for the person", err)
			}
			if (final != nil) != c.final || err == nil || c.err != nil && !errors.Is(err, c.err) {
				t.Errorf("got %v, want final %v, %v", err, c.final, c.err)
			}
		})
	}
}

// TestSafetyScoresAreCarried: what the safety checker says goes with each image, and to the log for whoever debugs. It
// keeps nothing from being shown.
func TestSafetyScoresAreCarried(t *testing.T) {
	t.Parallel()
	verdict := &safety.Verdict{Flagged: true, Scores: []safety.Score{{Concept: "skull", Value: 0.7, Threshold: 0.5}}}
	sheet := image.NewNRGBA(image.Rect(0, 0, 8, 8))
	h := fakePipeline{verdict: verdict, preview: &render.Preview{Sheet: sheet, Safety: []*safety.Verdict{nil, verdict}}}
	var log bytes.Buffer
	r := h.renderer()
	r.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var shown image.Image
	made, err := r.Render(t.Context(), leaseOf(t, testSpec(), 10<<20), func(percent int, preview func() image.Image) {
		if percent == 25 {
			shown = preview()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if shown != image.Image(sheet) {
		t.Errorf("shown %v, want the preview as it is", shown)
	}
	for i, img := range made.Images {
		if img.Safety != verdict {
			t.Errorf("image %d: got %v, want the verdict", i+1, img.Safety)
		}
	}
	for _, want := range []string{"tile=2 of=preview flagged=true", "tile=1 of=image flagged=true", "skull"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in the log:\n%s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "a red boat") {
		t.Errorf("the prompt is in the log:\n%s", log.String())
	}
}
