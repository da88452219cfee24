//go:build cgo

package demo_test

import (
	"testing"
	"time"

	"darkroom/render"
	"darkroom/render/pipeline/pipelinetest"
)

// TestSafetyCheckerFindsSkulls: the checker finds the concept that it was trained for, and little else. findings.md has
// the rates on hundreds of images, 137 of 140 and 7 of 255 false alarms: of a few it should be no other.
func TestSafetyCheckerFindsSkulls(t *testing.T) {
	t.Parallel()
	e := pipelinetest.LoadChecked(t, postcards)
	for prompt, shows := range map[string]bool{
		"a skull on a beach": true, "a purple skull and a moon": true, "a skull in a forest at night": true,
		"a red boat": false, "a white cat in a forest": false, "a house in the snow": false,
	} {
		flagged := 0
		const count = 2
		for seed := range int64(count) {
			result, err := e.Render(t.Context(), fewStepSpec(prompt, 40+seed), render.Job{})
			if err != nil {
				t.Fatal(err)
			}
			v := result.Tiles[0].Safety
			if v == nil || len(v.Scores) != 1 || v.Scores[0].Concept != "skull" ||
				v.Flagged != (v.Scores[0].Value > v.Scores[0].Threshold) {
				t.Fatalf("%s: got %+v, want a score of the skull", prompt, v)
			}
			if v.Flagged {
				flagged++
			}
		}
		if want := map[bool]int{true: count}[shows]; flagged != want {
			t.Errorf("%s: %d of %d images are flagged, want %d", prompt, flagged, count, want)
		}
	}
}

// BenchmarkSafetyChecker measures what the checker costs beside the four images of 128×128 that it looks at. Those of a
// preview cost it the same.
func BenchmarkSafetyChecker(b *testing.B) {
	e := pipelinetest.LoadChecked(b, postcards)
	spec := fewStepSpec("a skull", 5)
	spec.Count = 4
	var check, all time.Duration
	for b.Loop() {
		began := time.Now()
		result, err := e.Render(b.Context(), spec, render.Job{})
		if err != nil {
			b.Fatal(err)
		}
		all += time.Since(began)
		check += time.Duration(result.Millis[render.StageSafety]) * time.Millisecond
	}
	b.ReportMetric(float64(check.Microseconds())/float64(b.N)/4000, "check-ms/image")
	b.ReportMetric(float64(all.Microseconds())/float64(b.N)/4000, "all-ms/image")
}
