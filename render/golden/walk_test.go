//go:build cgo

package golden_test

import (
	"context"
	"errors"
	"flag"
	"slices"
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/easel/easeltest"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/picture"
)

var update = flag.Bool("update", false, "paint every recorded walk, and write docs/fidelity.md")

// TestWalks paints what the reference painted, with every sampler around every model, and compares the page of it.
// Without -update, one or two walks of each. Models in float16 are walked in float32, as a processor runs them, and with
// every value in float16.
func TestWalks(t *testing.T) {
	t.Parallel()
	easeltest.Runtime(t)
	found := &tally{all: map[key]*sum{}}
	t.Run("all", func(t *testing.T) {
		for _, r := range bothWays(allWalks(t)) {
			t.Run(r.String(), func(t *testing.T) {
				t.Parallel()
				retraceAll(t, r, found)
			})
		}
	})
	checkPage(t, found)
}

// bothWays adds the walks in float16 once more.
func bothWays(all []records) []records {
	for _, r := range slices.Clone(all) {
		if r.narrow = strings.HasSuffix(r.model, goldentest.Half("")); r.narrow {
			all = append(all, r)
		}
	}
	return all
}

func retraceAll(t *testing.T, r records, found *tally) {
	t.Helper()
	device := onnx.Device{Kind: onnx.CPU, Threads: 2, Narrow: r.narrow}
	with := renderer(t, watched(t, easeltest.LoadOn(t, goldentest.Model(t, r.model), device)))
	refusesNone(t, with, r)
	for _, w := range r.chosen() {
		t.Run(w.String(), func(t *testing.T) { t.Parallel(); retrace(t, with, r, w, found) })
	}
}

// refusesNone begins all walks that the reference painted, and sees that none is refused but those that are named.
func refusesNone(t *testing.T, with *render.Renderer, r records) {
	t.Helper()
	ended, end := context.WithCancel(t.Context())
	end()
	for _, w := range r.walks {
		_, err := with.Paint(ended, r.spec(w), render.Job{})
		refused := errors.As(err, new(*render.Refusal))
		if w.Refused == "" && (refused != r.barred(w) || !refused && !errors.Is(err, context.Canceled)) {
			t.Errorf("%s: got %v, want a refusal: %v", w, err, r.barred(w))
		}
	}
}

// barred are walks that darkroom refuses and the reference painted: docs/fidelity.md names them, and why.
func (r records) barred(w walk) bool {
	distilled := w.Sampler == "lcm" || w.Sampler == "tcd"
	switch {
	case distilled != (r.model == goldentest.LCM || r.model == goldentest.Half(goldentest.LCM)):
		return true
	case r.dialect == picture.A1111 && w.Steps == 1:
		return w.Sampler == "ddim" || w.Sampler == "plms"
	}
	return w.Sampler == "dpm_adaptive" && r.model == goldentest.SD2V
}

// spec is what was asked for in a walk.
func (r records) spec(w walk) picture.Spec {
	s := spec(r.dialect)
	s.Sampler, s.Steps, s.GuidanceScale = w.Sampler, w.Steps, w.Guidance
	return s
}

// chosen are the walks to paint: all with -update, else those that are typical, or all of a sampler that has none.
func (r records) chosen() []walk {
	var all []walk
	typical := map[string]bool{}
	for _, w := range r.walks {
		if r.compared(w) {
			all = append(all, w)
			typical[w.Sampler] = typical[w.Sampler] || w.typical()
		}
	}
	if *update {
		return all
	}
	return slices.DeleteFunc(all, func(w walk) bool { return typical[w.Sampler] && !w.typical() })
}

// compared tells whether a walk was recorded, is offered, and leads nowhere else.
func (r records) compared(w walk) bool { return w.Refused == "" && !r.barred(w) && !r.wild(w) }

// wild are walks that lead elsewhere when a last digit differs, so that nothing can be compared: docs/fidelity.md names
// them, and why.
func (r records) wild(w walk) bool {
	begins := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(w.Sampler, name) })
	}
	switch {
	case w.Sampler == "dpm_adaptive":
		return (w.Guidance > 1) == (r.model == goldentest.SD1)
	case r.model == goldentest.SD2V && r.dialect == picture.A1111:
		return w.Steps == 10 && begins("heun", "restart", "dpm2_a_kl_optimal") || w.Steps == 4 && begins("dpm_fast")
	}
	return r.narrow && w.Guidance > 1 && (r.model == goldentest.Half(goldentest.SDXL) && strings.HasSuffix(w.Sampler, "_beta") ||
		r.model == goldentest.Half(goldentest.SD2V) && w.Sampler == "dpm2_a_exponential")
}

// typical are the walks of every run of the tests.
func (w walk) typical() bool {
	return w.Steps == 4 && w.Guidance > 1
}

// allowed is how far finished latents may be off, relative to the largest value.
func (r records) allowed() float64 {
	if r.narrow {
		return passNarrow
	}
	return passWalk
}

// retrace paints one walk.
func retrace(t *testing.T, with *render.Renderer, r records, w walk, found *tally) {
	t.Helper()
	result, calls, err := paint(t.Context(), with, r.spec(w))
	if err != nil {
		t.Fatal(err)
	}
	if w.Calls != nil {
		sameCalls(t, calls, r, w)
	}
	latents, away := off(result.Latents, r.tensor(w.Latents)), pixelsOff(result.Tiles[0], w)
	found.add(key{w.Sampler, r.model, r.dialect, r.narrow}, latents, len(w.Pixels), away)
	if !(latents <= r.allowed()) {
		t.Errorf("finished latents: off by %.2g of the largest, want at most %v", latents, r.allowed())
	}
}

// sameCalls compares each call of the UNet: its time and its latents.
func sameCalls(t *testing.T, calls []call, r records, w walk) {
	t.Helper()
	if len(calls) != len(w.Calls.Times) {
		t.Fatalf("the UNet was asked %d times, want %d", len(calls), len(w.Calls.Times))
	}
	firstCalls(t, calls, r, w)
}

// firstCalls compares as many of a walk's first calls.
func firstCalls(t *testing.T, calls []call, r records, w walk) {
	t.Helper()
	inputs := r.tensor(w.Calls.Inputs)
	for i, c := range calls {
		if d := c.time - w.Calls.Times[i]; d > 2e-3 || d < -2e-3 {
			t.Errorf("call %d: time %v, want %v", i+1, c.time, w.Calls.Times[i])
		}
		fine := w.Calls.Inputs.Scale / 32767 // what a record of all calls together can tell
		if d, most := apart(c.sample, inputs.Row(i)); !(d <= r.allowed()*most+fine) {
			t.Errorf("call %d: latents off by %.2g beside %.2g, want at most %v of it", i+1, d, most, r.allowed())
		}
	}
}

// TestAdaptiveBeginsTheSame compares the beginning of a walk that leads elsewhere in the end.
func TestAdaptiveBeginsTheSame(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, r := range allWalks(t) {
		for _, w := range r.walks {
			if w.Sampler != "dpm_adaptive" || w.Calls == nil || r.barred(w) || !r.wild(w) {
				continue
			}
			_, calls, err := paint(t.Context(), renderer(t, parts(t, r.model)), r.spec(w))
			if err != nil {
				t.Fatal(err)
			}
			firstCalls(t, calls[:12], r, w)
			compared++
		}
	}
	if compared == 0 {
		t.Error("no record tells the calls of dpm_adaptive")
	}
}
