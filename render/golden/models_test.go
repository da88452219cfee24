//go:build cgo

package golden_test

import (
	"slices"
	"testing"

	"darkroom/render/easel"
	"darkroom/render/golden/goldentest"
)

// TestFolders opens what is understood of the pipelines as any model folder.
func TestFolders(t *testing.T) {
	t.Parallel()
	for _, name := range []string{goldentest.SD1, goldentest.SD2V} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := easel.Open(goldentest.Model(t, name)); err != nil {
				t.Error(err)
			}
		})
	}
	for _, name := range []string{goldentest.SD1, goldentest.SD2V, goldentest.SDXL, goldentest.LCM, goldentest.Inpaint} {
		if have := goldentest.Names(t); !slices.Contains(have, name) || !slices.Contains(have, goldentest.Half(name)) {
			t.Errorf("no %s in both precisions: there are %q", name, have)
		}
	}
}
