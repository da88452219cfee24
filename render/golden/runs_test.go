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
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline/pipelinetest"
)

var update = flag.Bool("update", false, "paint every recorded run, and write docs/fidelity.md")

// TestRuns renders what the reference rendered, with every sampler and every model, and compares the report.
// Without -update, one or two runs of each. Models in float16 run in float32, as on a CPU, and with
// every value in float16.
func TestRuns(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	found := &tally{all: map[key]*totals{}}
	t.Run("all", func(t *testing.T) {
		for _, r := range withFloat16Runs(allRecords(t)) {
			t.Run(r.String(), func(t *testing.T) {
				t.Parallel()
				compareAll(t, r, found)
			})
		}
	})
	checkReport(t, found)
}

// withFloat16Runs adds the runs in float16 once more.
func withFloat16Runs(all []records) []records {
	for _, r := range slices.Clone(all) {
		if r.float16 = strings.HasSuffix(r.model, goldentest.Float16("")); r.float16 {
			all = append(all, r)
		}
	}
	return all
}

func compareAll(t *testing.T, r records, found *tally) {
	t.Helper()
	device := onnx.Device{Kind: onnx.CPU, Threads: 2, KeepFloat16: r.float16}
	with := newRenderer(t, recordingParts(t, pipelinetest.LoadOn(t, goldentest.Model(t, r.model), device)))
	checkRefusals(t, with, r)
	for _, w := range r.selectedRuns() {
		t.Run(w.String(), func(t *testing.T) { t.Parallel(); compareRun(t, with, r, w, found) })
	}
}

// checkRefusals starts all runs of the reference, and checks that only the expected ones are refused.
func checkRefusals(t *testing.T, with *render.Renderer, r records) {
	t.Helper()
	ended, end := context.WithCancel(t.Context())
	end()
	for _, w := range r.runs {
		_, err := with.Render(ended, r.spec(w), render.Job{})
		refused := errors.As(err, new(*render.Refusal))
		if w.Refused == "" && (refused != r.expectsRefusal(w) || !refused && !errors.Is(err, context.Canceled)) {
			t.Errorf("%s: got %v, want a refusal: %v", w, err, r.expectsRefusal(w))
		}
	}
}

// expectsRefusal are runs that darkroom refuses and the reference does not: docs/fidelity.md names them, and why.
func (r records) expectsRefusal(w recordedRun) bool {
	distilled := w.Sampler == "lcm" || w.Sampler == "tcd"
	switch {
	case distilled != (r.model == goldentest.LCM || r.model == goldentest.Float16(goldentest.LCM)):
		return true
	case r.dialect == picture.A1111 && w.Steps == 1:
		return w.Sampler == "ddim" || w.Sampler == "plms"
	}
	return w.Sampler == "dpm_adaptive" && r.model == goldentest.SD2V
}

// spec is the request of a run.
func (r records) spec(w recordedRun) picture.Spec {
	s := baseSpec(r.dialect)
	s.Sampler, s.Steps, s.GuidanceScale = w.Sampler, w.Steps, w.Guidance
	return s
}

// selectedRuns are the runs to compare: all with -update, else the typical ones, or all of a sampler that has none.
func (r records) selectedRuns() []recordedRun {
	var all []recordedRun
	typical := map[string]bool{}
	for _, w := range r.runs {
		if r.isCompared(w) {
			all = append(all, w)
			typical[w.Sampler] = typical[w.Sampler] || w.isTypical()
		}
	}
	if *update {
		return all
	}
	return slices.DeleteFunc(all, func(w recordedRun) bool { return typical[w.Sampler] && !w.isTypical() })
}

// isCompared says whether a run was recorded, is offered, and does not diverge.
func (r records) isCompared(w recordedRun) bool {
	return w.Refused == "" && !r.expectsRefusal(w) && !r.diverges(w)
}

// diverges are runs that diverge when a last digit differs, so that nothing can be compared: docs/fidelity.md names
// them, and why.
func (r records) diverges(w recordedRun) bool {
	begins := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(w.Sampler, name) })
	}
	switch {
	case w.Sampler == "dpm_adaptive":
		return (w.Guidance > 1) == (r.model == goldentest.SD1)
	case r.model == goldentest.SD2V && r.dialect == picture.A1111:
		return w.Steps == 10 && begins("heun", "restart", "dpm2_a_kl_optimal") || w.Steps == 4 && begins("dpm_fast")
	}
	return r.float16 && w.Guidance > 1 &&
		(r.model == goldentest.Float16(goldentest.SDXL) && strings.HasSuffix(w.Sampler, "_beta") ||
			r.model == goldentest.Float16(goldentest.SD2V) && w.Sampler == "dpm2_a_exponential")
}

// isTypical are the runs of every execution of the tests.
func (w recordedRun) isTypical() bool {
	return w.Steps == 4 && w.Guidance > 1
}

// tolerance is how far finished latents may be off, relative to the largest value.
func (r records) tolerance() float64 {
	if r.float16 {
		return maxFloat16Error
	}
	return maxRunError
}

// compareRun renders one run and compares it.
func compareRun(t *testing.T, with *render.Renderer, r records, w recordedRun, found *tally) {
	t.Helper()
	result, calls, err := renderRecorded(t.Context(), with, r.spec(w))
	if err != nil {
		t.Fatal(err)
	}
	if w.Calls != nil {
		checkCalls(t, calls, r, w)
	}
	latents, overOneLevel := relativeError(result.Latents, r.tensor(w.Latents)), pixelsOff(result.Tiles[0], w)
	found.add(key{w.Sampler, r.model, r.dialect, r.float16}, latents, len(w.Pixels), overOneLevel)
	if !(latents <= r.tolerance()) {
		t.Errorf("finished latents: off by %.2g of the largest, want at most %v", latents, r.tolerance())
	}
}

// checkCalls compares each call of the UNet: its time and its latents.
func checkCalls(t *testing.T, calls []unetCall, r records, w recordedRun) {
	t.Helper()
	if len(calls) != len(w.Calls.Times) {
		t.Fatalf("the UNet was asked %d times, want %d", len(calls), len(w.Calls.Times))
	}
	checkFirstCalls(t, calls, r, w)
}

// checkFirstCalls compares the first calls of a run.
func checkFirstCalls(t *testing.T, calls []unetCall, r records, w recordedRun) {
	t.Helper()
	inputs := r.tensor(w.Calls.Inputs)
	for i, c := range calls {
		if d := c.time - w.Calls.Times[i]; d > 2e-3 || d < -2e-3 {
			t.Errorf("call %d: time %v, want %v", i+1, c.time, w.Calls.Times[i])
		}
		fine := w.Calls.Inputs.Scale / 32767 // the resolution of a record of all calls together
		if d, most := maxDifference(c.sample, inputs.Row(i)); !(d <= r.tolerance()*most+fine) {
			t.Errorf("call %d: latents off by %.2g beside %.2g, want at most %v of it", i+1, d, most, r.tolerance())
		}
	}
}

// TestAdaptiveStartsTheSame compares the beginning of a run that diverges later.
func TestAdaptiveStartsTheSame(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, r := range allRecords(t) {
		for _, w := range r.runs {
			if w.Sampler != "dpm_adaptive" || w.Calls == nil || r.expectsRefusal(w) || !r.diverges(w) {
				continue
			}
			_, calls, err := renderRecorded(t.Context(), newRenderer(t, goldenParts(t, r.model)), r.spec(w))
			if err != nil {
				t.Fatal(err)
			}
			checkFirstCalls(t, calls[:12], r, w)
			compared++
		}
	}
	if compared == 0 {
		t.Error("no record tells the calls of dpm_adaptive")
	}
}
