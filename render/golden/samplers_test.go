//go:build cgo

package golden_test

import (
	"testing"

	"darkroom/render/golden/goldentest"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/sampler"
)

// TestOfferedSamplersAreRecorded checks that no sampler is offered for a family of models, in a dialect, without a
// record of what the reference makes with it there that the runs are compared with.
func TestOfferedSamplersAreRecorded(t *testing.T) {
	t.Parallel()
	recorded := map[key]bool{}
	for _, r := range allRecords(t) {
		for _, w := range r.runs {
			if r.isCompared(w) {
				recorded[key{sampler: w.Sampler, model: r.model, dialect: r.dialect}] = true
			}
		}
	}
	for _, family := range []string{goldentest.SD1, goldentest.SD2V, goldentest.SDXL, goldentest.LCM} {
		f, err := pipeline.Open(goldentest.Model(t, family))
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []picture.Dialect{picture.Diffusers, picture.A1111} {
			names := sampler.NamesFor(d, sampler.Prediction(f.Config.Prediction), f.Config.Consistency())
			if len(names) == 0 {
				t.Errorf("%s in dialect %s: got no samplers", family, d)
			}
			for _, name := range names {
				if !recorded[key{sampler: name, model: family, dialect: d}] {
					t.Errorf("%s in dialect %s: %s is offered without a golden record", family, d, name)
				}
			}
		}
	}
}
