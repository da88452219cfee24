package onnx

import (
	"errors"
	"slices"
	"testing"

	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// likeGPU is the CPU fed as a GPU is.
var likeGPU = Device{Kind: CPU, Threads: 1, Resident: true}

// sdxlAnswer is the UNet's answer to inputs of SDXL that are always the same.
func sdxlAnswer(t *testing.T, m *Model) []float32 {
	t.Helper()
	out, err := m.Unet(t.Context(), draw("unet/sample", 2, 4, 8, 6), 500, tensor.Conditioning{
		Hidden: draw("unet/hidden", 2, 77, m.Folder.Config.TextWidth), Pooled: draw("pooled", 2, m.Folder.Config.PooledWidth),
		TimeIDs: draw("ids", 2, 6),
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Data
}

// answersOf runs all networks of a model.
func answersOf(t *testing.T, m *Model, unet func(*testing.T, *Model) []float32) map[string][]float32 {
	t.Helper()
	chunk := slices.Repeat([]int32{49407}, 77)
	chunk[0], chunk[1], chunk[2] = 49406, 320, 1125
	text, err := m.EncodeText(t.Context(), [][]int32{chunk}, 0)
	if err != nil {
		t.Fatal(err)
	}
	pixels, err := m.DecodeLatents(t.Context(), draw("latents", 2, 4, 5, 6))
	if err != nil {
		t.Fatal(err)
	}
	mean, err := m.EncodeImage(t.Context(), draw("pixels", 1, 3, 40, 48))
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]float32{
		"text": text.Hidden.Data, "pooled": text.Pooled.Data, "unet": unet(t, m), "decoder": pixels.Data, "encoder": mean.Data,
	}
}

func plainAnswer(t *testing.T, m *Model) []float32 { t.Helper(); return unetAnswer(t, m) }

// TestResidentIsBitEqual: networks that are fed from a device's memory give the bits of those that are not. Weights are
// converted to float32 when they are copied there, and in every run elsewhere.
func TestResidentIsBitEqual(t *testing.T) {
	t.Parallel()
	for name, unet := range map[string]func(*testing.T, *Model) []float32{
		goldentest.CheckpointSD1: plainAnswer, goldentest.CheckpointMixed: plainAnswer,
		goldentest.CheckpointSDXLF16: sdxlAnswer,
	} {
		path := goldentest.Checkpoint(t, name)
		got := answersOf(t, loadCheckpoint(t, path, likeGPU), unet)
		for what, want := range answersOf(t, loadCheckpoint(t, path, oneThread), unet) {
			if !slices.Equal(got[what], want) {
				t.Errorf("%s, %s: %v apart", name, what, largest(got[what], want))
			}
		}
	}
}

// TestResidentInHalves: computed in float16 as on a GPU, the UNet and the text encoder stay near their float32.
func TestResidentInHalves(t *testing.T) {
	t.Parallel()
	halves := likeGPU
	halves.KeepFloat16 = true
	path := goldentest.Checkpoint(t, goldentest.CheckpointF16)
	m := loadCheckpoint(t, path, halves)
	got := answersOf(t, m, plainAnswer)
	for what, want := range answersOf(t, loadCheckpoint(t, path, oneThread), plainAnswer) {
		size := 0.0
		for _, x := range want {
			size = max(size, float64(x), -float64(x))
		}
		if d := largest(got[what], want); !(d <= 0.01*size) || (what == "unet" || what == "text") && d == 0 {
			t.Errorf("%s: %v apart, of numbers up to %v, want a hundredth at most", what, d, size)
		}
	}
	for _, x := range m.unet.bound.resident.tensors {
		if x.key.file != "" && x.key.kind != graph.Float16 {
			t.Fatalf("%s lies on the device in %v", x.name, x.key.kind)
		}
	}
}

// TestOneCopyOnTheDevice: a weight lies on the device once, whichever sessions and models read it; add-ons and other
// checkpoints of the shape open no session once there is one with places; and all is given back at the end.
func TestOneCopyOnTheDevice(t *testing.T) {
	openRuntime(t)
	device := likeGPU
	device.MemoryLimit = 1 << 30 // an arena that no other test has
	path := goldentest.Checkpoint(t, goldentest.CheckpointSD1)
	first := loadCheckpoint(t, path, device)
	memory := first.unet.bound.memory
	tensors, bytes := sharedTensors(memory), inUse(t, memory)
	changes := func(rank int) Addons {
		return Addons{Unet: tensor.Changes{Branches: map[string]tensor.Branch{
			linearLayers[1]: {Down: draw("down", 32, rank), Up: draw("up", rank, 32)},
		}}}
	}
	changed := with(t, first, changes(4))
	if n := sharedTensors(memory); n != tensors {
		t.Errorf("%d tensors on the device with a LoRA, %d without", n, tensors)
	}
	sessions := sessionCount()
	more := with(t, first, changes(8))
	second := loadCheckpoint(t, otherWeights(t, path), device)
	secondChanged := with(t, second, changes(4))
	if n := sessionCount(); n != sessions {
		t.Errorf("%d sessions after a second LoRA and a second checkpoint, want the %d from before", n, sessions)
	}
	if n := sharedTensors(memory); n != 2*tensors {
		t.Errorf("%d tensors of two checkpoints, want twice %d", n, tensors)
	}
	if slices.Equal(unetAnswer(t, changed), unetAnswer(t, more)) ||
		slices.Equal(unetAnswer(t, changed), unetAnswer(t, secondChanged)) {
		t.Error("two LoRAs or two checkpoints give the same answer")
	}
	for _, m := range []*Model{changed, more, secondChanged, second} {
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n, b := sharedTensors(memory), inUse(t, memory); n != tensors || b > bytes+1<<20 {
		t.Errorf("%d tensors and %d bytes stay on the device, want %d and %d", n, b, tensors, bytes)
	}
}

func sharedTensors(m *deviceMemory) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.shared)
}

func sessionCount() int {
	sharedSessions.Lock()
	defer sharedSessions.Unlock()
	return len(sharedSessions.byKey)
}

func inUse(t *testing.T, m *deviceMemory) int64 {
	t.Helper()
	s, err := m.usage()
	if err != nil {
		t.Fatal(err)
	}
	return s.InUse
}

// TestRankSteps: factors that are filled up with zeros to a step of ranks give the bits of those that are not.
func TestRankSteps(t *testing.T) {
	t.Parallel()
	path := goldentest.Checkpoint(t, goldentest.CheckpointSD1)
	usual, resident := loadCheckpoint(t, path, oneThread), loadCheckpoint(t, path, likeGPU)
	for _, rank := range []int{0, 1, 2, 4, 16, 17, 40, 100, 129} {
		a := Addons{Unet: tensor.Changes{Branches: map[string]tensor.Branch{}}}
		for _, module := range linearLayers {
			in, out := sizesOf(t, usual, module)
			if rank == 0 {
				a.Unet.Branches[module] = tensor.Branch{}
				continue
			}
			a.Unet.Branches[module] = tensor.Branch{
				Down: draw(module+"/down", in, rank), Up: tensor.Scale(draw(module+"/up", rank, out), 0.05),
			}
		}
		changed := with(t, resident, a)
		got, want := unetAnswer(t, changed), unetAnswer(t, with(t, usual, a))
		if !slices.Equal(got, want) {
			t.Errorf("rank %d: %v apart", rank, largest(got, want))
		}
		if rank > 0 && slices.Equal(got, unetAnswer(t, usual)) {
			t.Errorf("rank %d changes nothing", rank)
		}
	}
	for rank, want := range map[int]int{0: 0, 1: 1, 2: 16, 16: 16, 17: 32, 96: 96, 97: 128, 128: 128, 129: 192, 200: 256} {
		if got := rankStep(rank); got != want {
			t.Errorf("rank %d is filled up to %d, want %d", rank, got, want)
		}
	}
}

// sizesOf are what a linear layer of the UNet takes and gives.
func sizesOf(t *testing.T, m *Model, module string) (in, out int) {
	t.Helper()
	w, err := m.Folder.UnetNetwork().Written.Write(graph.WriteOptions{Branches: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range w.Branches {
		if b.Module == module {
			return b.Down.Dims[0], b.Up.Dims[1]
		}
	}
	t.Fatalf("no layer %s", module)
	return 0, 0
}

// TestConditioningStays: what repeats from step to step is bound once, and what does not is bound anew.
func TestConditioningStays(t *testing.T) {
	t.Parallel()
	m := loadCheckpoint(t, goldentest.Checkpoint(t, goldentest.CheckpointSD1), likeGPU)
	usual := loadCheckpoint(t, goldentest.Checkpoint(t, goldentest.CheckpointSD1), oneThread)
	one, two := draw("one", 1, 77, m.Folder.Config.TextWidth), draw("two", 1, 77, m.Folder.Config.TextWidth)
	for i, hidden := range []tensor.Tensor{one, one, two, one} {
		latents := draw("step", i+1, 4, 8, 8).Rows(i, i+1)
		c := tensor.Conditioning{Hidden: hidden}
		got, err := m.Unet(t.Context(), latents, 500, c)
		if err != nil {
			t.Fatal(err)
		}
		want, err := usual.Unet(t.Context(), latents, 500, c)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Data, want.Data) {
			t.Errorf("step %d: %v apart", i, largest(got.Data, want.Data))
		}
		bindings := m.unet.bound.resident.bindings
		if len(bindings) != 1 || len(bindings[0].stays) != 1 ||
			bindings[0].stays["encoder_hidden_states"].stays != &hidden.Data[0] {
			t.Fatalf("step %d: %d bindings, of which the first keeps %v", i, len(bindings), bindings[0].stays)
		}
	}
	before := m.unet.bound.resident.bindings[0].stays["encoder_hidden_states"]
	if f := (feed{stays: &one.Data[0], shape: one.Shape}); !f.repeats(before) {
		t.Error("a feed of the same numbers is bound again")
	}
	if f := (feed{stays: &one.Data[0], shape: []int{77, 1, len(one.Data) / 77}}); f.repeats(before) {
		t.Error("a feed of another shape is not bound again")
	}
}

// TestMemoryLimit: the arena of a device holds no more than its limit, whatever networks share it; a run that would need
// more is out of memory, and the next one works; what runs needed is given back, and what weights need is not.
func TestMemoryLimit(t *testing.T) {
	openRuntime(t)
	device := likeGPU
	device.MemoryLimit = 24 << 20
	m := loadCheckpoint(t, goldentest.Checkpoint(t, goldentest.CheckpointSD1), device)
	weights := bytesHeld(t, m)
	small, large := draw("small", 1, 4, 8, 8), draw("large", 1, 4, 64, 64)
	if _, err := m.DecodeLatents(t.Context(), small); err != nil {
		t.Fatal(err)
	}
	_, err := m.DecodeLatents(t.Context(), large)
	if !errors.Is(err, tensor.ErrOutOfMemory) {
		t.Errorf("got %v from a run beyond the limit, want %v", err, tensor.ErrOutOfMemory)
	}
	if _, err := m.DecodeLatents(t.Context(), small); err != nil {
		t.Errorf("after running out of memory: %v", err)
	}
	if held := bytesHeld(t, m); held <= weights || held > device.MemoryLimit {
		t.Errorf("runs hold %d bytes, want more than the weights' %d and at most %d", held, weights, device.MemoryLimit)
	}
	if err := m.ShrinkMemory(); err != nil {
		t.Fatal(err)
	}
	if held := bytesHeld(t, m); held > weights+1<<20 || held < weights/2 {
		t.Errorf("%d bytes are held between runs, want the weights' %d", held, weights)
	}
}

func bytesHeld(t *testing.T, m *Model) int64 {
	t.Helper()
	n, err := m.DeviceBytes()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestMoveEncoders: encoders that leave the device free what they hold, and encode the same on the CPU; those of a model
// with add-ons too.
func TestMoveEncoders(t *testing.T) {
	openRuntime(t)
	device := likeGPU
	device.MemoryLimit = 1 << 31 // an arena that no other test has
	path := goldentest.Checkpoint(t, goldentest.CheckpointSD1)
	m := loadCheckpoint(t, path, device)
	rows := tensor.New(1, m.Folder.Ports.TextEncoders[0].Width)
	changed := with(t, m, Addons{Text: []tensor.Changes{{ExtraRows: rows}}})
	want, wantChanged := answersOf(t, m, plainAnswer), answersOf(t, changed, plainAnswer)
	before := inUse(t, m.unet.bound.memory)
	if m.EncodersMoved() {
		t.Error("the encoders are said to have left the device before")
	}
	if moved, err := changed.MoveEncoders(); !moved || err != nil {
		t.Fatalf("got %v, %v, want that the encoders leave the device", moved, err)
	}
	after := inUse(t, m.unet.bound.memory)
	if size := int64(len(tokenTable(t, m))); before-after < size {
		t.Errorf("%d bytes were freed, want at least the %d of the text encoder's table", before-after, size)
	}
	for name, pair := range map[string][2]map[string][]float32{
		"the model": {answersOf(t, m, plainAnswer), want}, "with an embedding": {answersOf(t, changed, plainAnswer), wantChanged},
	} {
		for what := range pair[1] {
			if !slices.Equal(pair[0][what], pair[1][what]) {
				t.Errorf("%s, %s: %v apart", name, what, largest(pair[0][what], pair[1][what]))
			}
		}
	}
	if moved, err := m.MoveEncoders(); moved || err != nil || !m.EncodersMoved() {
		t.Errorf("a second time: got %v, %v, want that there is nothing to move", moved, err)
	}
}

// tokenTable is the text encoder's table of embeddings as it lies in the file.
func tokenTable(t *testing.T, m *Model) []byte {
	t.Helper()
	w, err := m.Folder.TextEncoderNetwork(0).Written.Write(graph.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range w.Weights {
		if x.Name == "text_model.embeddings.token_embedding.weight" {
			return make([]byte, x.Length)
		}
	}
	t.Fatal("no table")
	return nil
}

// TestEncodersLeaveForALoad: a model that does not fit with its encoders is loaded without them on the device.
func TestEncodersLeaveForALoad(t *testing.T) {
	openRuntime(t)
	device := likeGPU
	device.MemoryLimit = 1 << 29
	path := goldentest.Checkpoint(t, goldentest.CheckpointSD1)
	whole := bytesHeld(t, loadCheckpoint(t, path, device))
	device.MemoryLimit = whole * 9 / 10
	m := loadCheckpoint(t, path, device)
	if !m.EncodersMoved() {
		t.Errorf("a model of %d bytes is loaded whole into %d", whole, device.MemoryLimit)
	}
	want := answersOf(t, loadCheckpoint(t, path, oneThread), plainAnswer)
	for what, got := range answersOf(t, m, plainAnswer) {
		if !slices.Equal(got, want[what]) {
			t.Errorf("%s: %v apart", what, largest(got, want[what]))
		}
	}
}

// TestPointers: the addresses that package capi needs are where they are looked for in the binding.
func TestPointers(t *testing.T) {
	t.Parallel()
	m := loadCheckpoint(t, goldentest.Checkpoint(t, goldentest.CheckpointSD1), oneThread)
	if s, err := sessionOf(m.unet.ort); err != nil || s == nil {
		t.Errorf("session: got %v, %v", s, err)
	}
	f, err := feedFloats(graph.Value{Name: "x", Type: graph.Float, Dims: []int{0}}, tensor.New(3))
	if err != nil {
		t.Fatal(err)
	}
	defer f.destroy()
	if v, err := valueOf(f.value); err != nil || v == nil {
		t.Errorf("value: got %v, %v", v, err)
	}
}
