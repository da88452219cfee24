package goldentest_test

import (
	"testing"

	"darkroom/render/golden/goldentest"
)

// TestCheckpoint writes checkpoints of each element type and each kind of keys. Their data must be what the recipe
// wrote, bit by bit: Checkpoint compares that in every test.
func TestCheckpoint(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		goldentest.CheckpointSD1Folder, goldentest.CheckpointBF16, goldentest.CheckpointE4M3, goldentest.CheckpointE5M2,
		goldentest.CheckpointRefiner, goldentest.CheckpointVAENamed, goldentest.LoRASDXLB,
	} {
		t.Run(name, func(t *testing.T) { goldentest.Checkpoint(t, name) })
	}
}
