//go:build cgo

package golden_test

import (
	"slices"
	"testing"

	"darkroom/render/golden/goldentest"
	"darkroom/render/pipeline"
)

// TestFolders opens every pipeline as any model folder.
func TestFolders(t *testing.T) {
	t.Parallel()
	have := goldentest.Names(t)
	for _, family := range []string{goldentest.SD1, goldentest.SD2V, goldentest.SDXL, goldentest.LCM, goldentest.Inpaint} {
		for _, name := range []string{family, goldentest.Float16(family)} {
			if !slices.Contains(have, name) {
				t.Errorf("no %s: there are %q", name, have)
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if _, err := pipeline.Open(goldentest.Model(t, name)); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
