package goldentest_test

import (
	"testing"

	"darkroom/render/golden/goldentest"
)

// TestCheckpoint writes every checkpoint; its data must be what the recipe wrote, bit by bit.
func TestCheckpoint(t *testing.T) {
	t.Parallel()
	for _, name := range goldentest.CheckpointNames(t) {
		t.Run(name, func(t *testing.T) { goldentest.Checkpoint(t, name) })
	}
}
