package onnx

import (
	"slices"
	"testing"

	"darkroom/render/golden/goldentest"
	"darkroom/render/tensor"
)

// stepsOf runs a UNet on a few steps of some shapes, and returns all answers. The conditioning is the same in all steps
// of a shape.
func stepsOf(t *testing.T, m *Model, shapes ...[]int) (all [][]float32) {
	t.Helper()
	hidden := draw("hidden", 1, 77, m.Folder.Config.TextWidth)
	for i, shape := range shapes {
		c := tensor.Conditioning{Hidden: tensor.Repeat(hidden, shape[0])}
		for step := range 3 {
			latents := draw("step", (step+1)*shape[0], 4, shape[1], shape[2])
			out, err := m.Unet(t.Context(), latents.Rows(step*shape[0], (step+1)*shape[0]), float64(900-100*step-i), c)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, out.Data)
		}
	}
	return all
}

// TestGraphReplays: steps that are run as CUDA graphs are run give the bits of usual ones, and keep to what graphs
// demand: each shape has tensors of its own that stay, a number of its own, and a shape that comes again has both again.
// The CPU records nothing, so what this proves is all but the recording.
func TestGraphReplays(t *testing.T) {
	openRuntime(t)
	device := likeGPU
	device.Graphs, device.MemoryLimit = true, 1<<32
	path := goldentest.Checkpoint(t, goldentest.CheckpointSD1)
	m, usual := loadCheckpoint(t, path, device), loadCheckpoint(t, path, oneThread)
	shapes := [][]int{{1, 8, 8}, {2, 8, 8}, {1, 8, 8}, {1, 6, 8}}
	got, want := stepsOf(t, m, shapes...), stepsOf(t, usual, shapes...)
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Errorf("step %d: %v apart", i, largest(got[i], want[i]))
		}
	}
	g := m.unet.bound.resident.graphs
	if len(g.shapes) != 3 || g.recordings.made != 3 {
		t.Fatalf("%d shapes and %d recordings, want 3 of each", len(g.shapes), g.recordings.made)
	}
	before := slices.Clone(g.shapes[0].inputs)
	seen := map[int]bool{}
	for _, s := range g.shapes {
		seen[s.recording] = true
		if !s.recorded {
			t.Errorf("shape %s is not recorded", s.key)
		}
	}
	if len(seen) != 3 {
		t.Errorf("3 shapes have the numbers %v", seen)
	}
	first := g.shapes[0].key
	stepsOf(t, m, shapes...)
	again := slices.IndexFunc(g.shapes, func(s *replayedShape) bool { return s.key == first })
	if !slices.Equal(g.shapes[again].inputs, before) {
		t.Error("a shape that came again has other tensors")
	}
	changed := with(t, m, Addons{Unet: tensor.Changes{Branches: map[string]tensor.Branch{
		linearLayers[1]: {Down: draw("down", 32, 2), Up: draw("up", 2, 32)},
	}}})
	if unetAnswer(t, changed); changed.unet.bound.resident.graphs != nil {
		t.Error("a network with add-ons is run as CUDA graphs")
	}
	if m.decoder.bound.resident.graphs != nil || m.text[0].current().bound.resident.graphs != nil {
		t.Error("networks that run once for an image are run as CUDA graphs")
	}
}

// TestManyShapes: of more shapes than a network keeps, the last ones are kept, and a session that has recorded as many
// graphs as it may goes on without.
func TestManyShapes(t *testing.T) {
	openRuntime(t)
	device := likeGPU
	device.Graphs, device.MemoryLimit = true, 1<<33
	path := goldentest.Checkpoint(t, goldentest.CheckpointSD1)
	m, usual := loadCheckpoint(t, path, device), loadCheckpoint(t, path, oneThread)
	g := m.unet.bound.resident.graphs
	g.recordings.made = maxRecordings - 2
	shapes := [][]int{{1, 2, 2}, {1, 2, 4}, {1, 4, 2}, {1, 4, 4}, {1, 2, 6}, {1, 6, 2}}
	got, want := stepsOf(t, m, shapes...), stepsOf(t, usual, shapes...)
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Errorf("step %d: %v apart", i, largest(got[i], want[i]))
		}
	}
	if len(g.shapes) != maxShapes || g.recordings.made != maxRecordings || g.shapes[0].recording != -1 {
		t.Errorf("%d shapes, %d recordings, the first shape's is %d; want %d, %d, and -1", len(g.shapes),
			g.recordings.made, g.shapes[0].recording, maxShapes, maxRecordings)
	}
}
