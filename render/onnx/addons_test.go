package onnx

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"darkroom/render/checkpoint"
	"darkroom/render/folder"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx/graph"
	"darkroom/render/safetensors"
	"darkroom/render/tensor"
)

func openRuntime(t testing.TB) {
	t.Helper()
	lib, err := FindLibrary("")
	if err != nil {
		t.Skip(err)
	}
	if err := Open(lib); err != nil {
		t.Fatal(err)
	}
}

// loadCheckpoint loads a golden checkpoint until the test ends.
func loadCheckpoint(t *testing.T, path string, device Device) *Model {
	t.Helper()
	openRuntime(t)
	f, err := checkpoint.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Load(t.Context(), f, device)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

var oneThread = Device{Kind: CPU, Threads: 1}

// unetAnswer is the UNet's answer to inputs that are always the same.
func unetAnswer(t testing.TB, m *Model) []float32 {
	t.Helper()
	out, err := m.Unet(t.Context(), draw("unet/sample", 1, 4, 8, 8), 500, tensor.Conditioning{
		Hidden: draw("unet/hidden", 1, 77, m.Folder.Config.TextWidth),
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Data
}

func draw(name string, shape ...int) tensor.Tensor {
	out := tensor.New(shape...)
	out.Data = goldentest.Feed(name, len(out.Data))
	return out
}

func with(t *testing.T, m *Model, a Addons) *Model {
	t.Helper()
	changed, err := m.With(a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := changed.Close(); err != nil {
			t.Error(err)
		}
	})
	return changed
}

// linearLayers are the layers of the UNet that have a side branch: each is of one kind.
var linearLayers = []string{
	"down_blocks.0.attentions.0.proj_in", // a convolution of 1×1 in the file
	"down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q",
	"up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k",
	"mid_block.resnets.0.time_emb_proj",
	"time_embedding.linear_1",
}

// branchOn makes a random change of rank r of a layer, and the weight that the layer has with it.
func branchOn(t *testing.T, file *safetensors.File, key, module string, r int) (tensor.Branch, []byte) {
	t.Helper()
	m, err := file.Map()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	own := file.Tensors[key]
	out, in := int(own.Shape[0]), int(own.Shape[1])
	b := tensor.Branch{Down: draw(module+"/down", in, r), Up: tensor.Scale(draw(module+"/up", r, out), 0.02)}
	weight, err := m.Floats(own)
	if err != nil {
		t.Fatal(err)
	}
	for o := range out {
		for i := range in {
			for k := range r {
				weight[o*in+i] += b.Down.Data[i*r+k] * b.Up.Data[k*out+o]
			}
		}
	}
	var raw []byte
	for _, x := range weight {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return b, raw
}

// TestBranchesEqualMergedWeights: a low-rank change of a layer is the same as the weight that it makes.
func TestBranchesEqualMergedWeights(t *testing.T) {
	t.Parallel()
	path := goldentest.Checkpoint(t, goldentest.CheckpointNamed)
	m := loadCheckpoint(t, path, oneThread)
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	plain := unetAnswer(t, m)
	for _, module := range linearLayers {
		branch, weight := branchOn(t, file, "unet."+module+".weight", module, 4)
		side := with(t, m, Addons{Unet: tensor.Changes{Branches: map[string]tensor.Branch{module: branch}}})
		merged := with(t, m, Addons{Unet: tensor.Changes{Weights: map[string][]byte{module + ".weight": weight}}})
		got, want := unetAnswer(t, side), unetAnswer(t, merged)
		if d := largest(got, want); !(d < 5e-6) {
			t.Errorf("%s: side branch and merged weight are %v apart", module, d)
		}
		if d := largest(got, plain); !(d > 1e-5) {
			t.Errorf("%s: a change moves the answer by %v only", module, d)
		}
	}
	conv := "down_blocks.0.resnets.0.conv1.weight"
	other := make([]byte, file.Tensors["unet."+conv].Length)
	changed := with(t, m, Addons{Unet: tensor.Changes{Weights: map[string][]byte{conv: other}}})
	if d := largest(unetAnswer(t, changed), plain); !(d > 1e-3) {
		t.Errorf("a convolution of zeros moves the answer by %v only", d)
	}
	if again := unetAnswer(t, m); !slices.Equal(again, plain) {
		t.Error("the model itself answers otherwise than before its add-ons")
	}
}

func largest(a, b []float32) (d float64) {
	for i := range a {
		d = max(d, math.Abs(float64(a[i]-b[i])))
	}
	return d
}

// TestEmptyBranchesChangeNothing: side branches of rank 0 give the bits of a network without any.
func TestEmptyBranchesChangeNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{goldentest.CheckpointSD1, goldentest.CheckpointF16} {
		m := loadCheckpoint(t, goldentest.Checkpoint(t, name), oneThread)
		idle := with(t, m, Addons{Unet: tensor.Changes{Branches: map[string]tensor.Branch{linearLayers[0]: {}}}})
		if idle.unet.bound.shared == m.unet.bound.shared {
			t.Fatal("the network without add-ons has places for them")
		}
		if got, want := unetAnswer(t, idle), unetAnswer(t, m); !slices.Equal(got, want) {
			t.Errorf("%s: rank 0 is %v away from no branches", name, largest(got, want))
		}
	}
}

// TestExtraRows: an id after the vocabulary reads the row that was given for it.
func TestExtraRows(t *testing.T) {
	t.Parallel()
	for _, name := range []string{goldentest.CheckpointF16, goldentest.CheckpointSDXLF16} {
		m := loadCheckpoint(t, goldentest.Checkpoint(t, name), oneThread)
		const known, vocabulary = 320, 49408 // "a" in all prompts of the recipe
		rows := make([]tensor.Changes, len(m.Folder.Ports.TextEncoders))
		for i := range rows {
			rows[i].ExtraRows = tensor.New(2, m.Folder.Ports.TextEncoders[i].Width)
			copy(rows[i].ExtraRows.Row(1).Data, tokenRow(t, m, i, known))
		}
		changed := with(t, m, Addons{Text: rows})
		chunk := func(id int32) [][]int32 {
			ids := slices.Repeat([]int32{49407}, 77)
			ids[0], ids[1] = 49406, id
			return [][]int32{ids}
		}
		want, err := m.EncodeText(t.Context(), chunk(known), 0)
		if err != nil {
			t.Fatal(err)
		}
		got, err := changed.EncodeText(t.Context(), chunk(vocabulary+1), 0)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Hidden.Data, want.Hidden.Data) || !slices.Equal(got.Pooled.Data, want.Pooled.Data) {
			t.Errorf("%s: a row that is the word's own gives something else", name)
		}
		other, err := changed.EncodeText(t.Context(), chunk(vocabulary), 0)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Equal(other.Hidden.Data, want.Hidden.Data) {
			t.Errorf("%s: a row of zeros gives the same as a word", name)
		}
	}
}

// tokenRow is the embedding of a token in text encoder i.
func tokenRow(t *testing.T, m *Model, i int, id int64) []float32 {
	t.Helper()
	n := m.Folder.TextEncoderNetwork(i)
	w, err := n.Written.Write(graph.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range w.Weights {
		if !strings.HasSuffix(x.Name, "token_embedding.weight") {
			continue
		}
		file, err := n.Written.Files[x.File].Map()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		row := int64(2 * x.Dims[1]) // float16
		numbers, err := safetensors.Floats(safetensors.F16, file.Bytes(x.Offset+id*row, row))
		if err != nil {
			t.Fatal(err)
		}
		return numbers
	}
	t.Fatal("no embeddings")
	return nil
}

// TestChangesThatDoNotFit are refused, and none is dropped.
func TestChangesThatDoNotFit(t *testing.T) {
	t.Parallel()
	m := loadCheckpoint(t, goldentest.Checkpoint(t, goldentest.CheckpointSD1), oneThread)
	module := linearLayers[1]
	for name, c := range map[string]tensor.Changes{
		"an unknown layer":   {Branches: map[string]tensor.Branch{"nowhere": {}}},
		"an unknown weight":  {Weights: map[string][]byte{"nowhere.weight": nil}},
		"a weight too short": {Weights: map[string][]byte{module + ".weight": make([]byte, 4)}},
		"factors of another size": {Branches: map[string]tensor.Branch{
			module: {Down: tensor.New(3, 2), Up: tensor.New(2, 3)},
		}},
		"factors of two ranks": {Branches: map[string]tensor.Branch{
			module: {Down: tensor.New(32, 2), Up: tensor.New(3, 32)},
		}},
	} {
		if changed, err := m.With(Addons{Unet: c}); err == nil {
			t.Errorf("%s: got no error", name)
			_ = changed.Close()
		}
	}
}

// TestSharedSessions: two models of one shape use one session, and closing one leaves the other usable, while add-ons
// come and go under running calls.
func TestSharedSessions(t *testing.T) {
	t.Parallel()
	openRuntime(t)
	first := loadCheckpoint(t, goldentest.Checkpoint(t, goldentest.CheckpointSD1), oneThread)
	want := unetAnswer(t, first)
	path := goldentest.Checkpoint(t, goldentest.CheckpointSD1)
	module := linearLayers[1]
	branch := tensor.Branch{Down: draw("down", 32, 2), Up: draw("up", 2, 32)}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range 3 {
				second := loadSecond(t, path)
				if second == nil {
					return
				}
				if first.unet.bound.shared != second.unet.bound.shared {
					t.Error("two models of one shape have two sessions")
				}
				changed, err := second.With(Addons{Unet: tensor.Changes{
					Branches: map[string]tensor.Branch{module: branch},
				}})
				if err != nil {
					t.Error(err)
					return
				}
				if slices.Equal(unetAnswer(t, changed), want) {
					t.Error("add-ons change nothing")
				}
				if got := unetAnswer(t, second); !slices.Equal(got, want) {
					t.Error("another answer")
				}
				var closing sync.WaitGroup
				closing.Go(func() { _ = changed.Close() })
				closing.Go(func() { _ = second.Close() })
				if got := unetAnswer(t, first); !slices.Equal(got, want) {
					t.Error("another answer while a second model is closed")
				}
				closing.Wait()
			}
		})
	}
	all.Wait()
}

func loadSecond(t *testing.T, path string) *Model {
	t.Helper()
	f, err := checkpoint.Open(path, folder.Unhashed())
	if err != nil {
		t.Error(err)
		return nil
	}
	m, err := Load(t.Context(), f, oneThread)
	if err != nil {
		t.Error(err)
		return nil
	}
	return m
}

// TestFolderTakesAddons: the network of an ONNX file is opened once more with its weights as inputs, and answers as
// before where nothing is changed.
func TestFolderTakesAddons(t *testing.T) {
	t.Parallel()
	openRuntime(t)
	for _, name := range []string{goldentest.SD1, goldentest.Float16(goldentest.SD1)} {
		f, err := folder.Open(goldentest.Model(t, name))
		if err != nil {
			t.Fatal(err)
		}
		m, err := Load(t.Context(), f, oneThread)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = m.Close() })
		plain := unetAnswer(t, m)
		w, err := f.UnetNetwork().Expose(true, graph.WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		none, branches := tensor.Changes{Branches: map[string]tensor.Branch{}}, 0
		for _, b := range w.Branches {
			if strings.HasSuffix(b.Module, "attn1.to_q") {
				none.Branches[b.Module] = tensor.Branch{
					Down: draw(b.Module, b.Down.Dims[0], 2), Up: tensor.New(2, b.Up.Dims[1]),
				}
				branches++
			}
		}
		if branches == 0 {
			t.Fatalf("%s: no branches: %v", name, w.Branches)
		}
		idle := with(t, m, Addons{Unet: none})
		if d := largest(unetAnswer(t, idle), plain); !(d < 1e-4) {
			t.Errorf("%s: factors of zeros move the answer by %v", name, d)
		}
		for module, b := range none.Branches {
			none.Branches[module] = tensor.Branch{Down: b.Down, Up: draw(module+"/up", b.Up.Shape...)}
		}
		changed := with(t, m, Addons{Unet: none})
		if d := largest(unetAnswer(t, changed), plain); !(d > 1e-3) {
			t.Errorf("%s: a change moves the answer by %v only", name, d)
		}
		if idle.unet.bound.shared != changed.unet.bound.shared {
			t.Errorf("%s: two sessions for two add-ons", name)
		}
	}
}

// TestHypernetsOnCheckpoints: a hypernetwork that makes half of the text's hidden states more for the keys is the same
// as keys' weights that are half as much larger.
func TestHypernetsOnCheckpoints(t *testing.T) {
	t.Parallel()
	path := goldentest.Checkpoint(t, goldentest.CheckpointNamed)
	m := loadCheckpoint(t, path, oneThread)
	plain := unetAnswer(t, m)
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	mapping, err := file.Map()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mapping.Close() }()
	larger := map[string][]byte{}
	for key, x := range file.Tensors {
		name, ok := strings.CutPrefix(key, "unet.")
		if !ok || !strings.HasSuffix(name, "attn2.to_k.weight") {
			continue
		}
		numbers, err := mapping.Floats(x)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range numbers {
			larger[name] = binary.LittleEndian.AppendUint32(larger[name], math.Float32bits(1.5*n))
		}
	}
	width := m.Folder.Config.TextWidth
	same, none := tensor.New(width, width), tensor.New(width, width)
	for i := range width {
		same.Data[i*width+i] = 1
	}
	net := tensor.Hypernet{Strength: 0.5, Widths: map[int][2][]tensor.HypernetLayer{width: {
		{{Op: "Linear", Weight: same, Bias: tensor.New(width)}}, {{Op: "Linear", Weight: none, Bias: tensor.New(width)}},
	}}}
	changed := with(t, m, Addons{Unet: tensor.Changes{Hypernets: []tensor.Hypernet{net}}})
	merged := with(t, m, Addons{Unet: tensor.Changes{Weights: larger}})
	got, want := unetAnswer(t, changed), unetAnswer(t, merged)
	if d := largest(got, want); !(d < 3e-5) {
		t.Errorf("a hypernetwork and larger weights are %v apart", d)
	}
	if d := largest(got, plain); !(d > 1e-4) {
		t.Errorf("it moves the answer by %v only", d)
	}
	net.Strength = 0
	idle := with(t, m, Addons{Unet: tensor.Changes{Hypernets: []tensor.Hypernet{net}}})
	if !slices.Equal(unetAnswer(t, idle), plain) {
		t.Error("strength 0 is not the model alone")
	}
}
