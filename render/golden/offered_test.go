package golden_test

import (
	"testing"

	"darkroom/render/picture"
	"darkroom/render/sampler"
)

// TestOffered sees that no sampler is offered in a dialect without a record of what the reference makes with it.
func TestOffered(t *testing.T) {
	t.Parallel()
	recorded := map[picture.Dialect]map[string]bool{}
	for _, r := range allWalks(t) {
		if recorded[r.dialect] == nil {
			recorded[r.dialect] = map[string]bool{}
		}
		for _, w := range r.walks {
			if w.Refused == "" {
				recorded[r.dialect][w.Sampler] = true
			}
		}
	}
	for _, d := range []picture.Dialect{picture.Diffusers, picture.A1111} {
		names := sampler.Names(sampler.Dialect(d))
		if len(names) == 0 {
			t.Errorf("dialect %s: got no samplers", d)
		}
		for _, name := range names {
			if !recorded[d][name] {
				t.Errorf("dialect %s: %s is offered without a golden record", d, name)
			}
		}
	}
}
