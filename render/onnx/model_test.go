package onnx_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/tensor"
)

// runtimeOrSkip opens ONNX Runtime, or skips the test where it was not fetched.
func runtimeOrSkip(t testing.TB) {
	t.Helper()
	lib, err := onnx.FindLibrary("")
	if err != nil {
		t.Skip(err)
	}
	if err := onnx.Open(lib); err != nil {
		t.Fatal(err)
	}
}

// load writes a folder and loads it on the CPU.
func load(t *testing.T, f onnxtest.Folder) *onnx.Model {
	t.Helper()
	return loadOn(t, f, onnx.Device{Kind: onnx.CPU, Threads: 1})
}

func loadOn(t *testing.T, f onnxtest.Folder, d onnx.Device) *onnx.Model {
	t.Helper()
	runtimeOrSkip(t)
	dir := t.TempDir()
	if err := f.Write(dir); err != nil {
		t.Fatal(err)
	}
	return loadDir(t, dir, d)
}

func loadDir(t testing.TB, dir string, d onnx.Device) *onnx.Model {
	t.Helper()
	folder, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	m, err := onnx.Load(t.Context(), folder, d)
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

// ramp is a tensor of 0, 1/4, 2/4 … wrapping at 8, all exact in float16.
func ramp(shape ...int) tensor.Tensor {
	x := tensor.New(shape...)
	for i := range x.Data {
		x.Data[i] = float32(i%32) / 4
	}
	return x
}

func idRows(n int) [][]int32 {
	ids := make([][]int32, n)
	for i := range ids {
		ids[i] = make([]int32, onnxtest.Length)
		for j := range ids[i] {
			ids[i][j] = int32((i + j) % onnxtest.VocabularySize)
		}
	}
	return ids
}

// exports are the forms that exports of different years and tools come in.
var exports = map[string]onnxtest.Folder{
	"present":                        {},
	"weights in a file of their own": {External: true},
	"int32 ids, old weights, batch of one, float timestep of one": {
		IDs: graph.Int32, WeightsAsInputs: true, SampledLatents: true, Batch: 1,
		Timestep: graph.Value{Type: graph.Float, Dims: []int{1}},
	},
	"int64 timestep":           {Timestep: graph.Value{Type: graph.Int64, Dims: []int{1}}},
	"int32 scalar timestep":    {Timestep: graph.Value{Type: graph.Int32}},
	"int64 scalar timestep":    {Timestep: graph.Value{Type: graph.Int64}},
	"free number of timesteps": {Timestep: graph.Value{Type: graph.Float, Dims: []int{0}}},
	"double scalar timestep":   {Timestep: graph.Value{Type: graph.Double}},
	"half floats": {
		Float: graph.Float16, Timestep: graph.Value{Type: graph.Float16, Dims: []int{1}},
	},
	"half floats with a scalar of them": {Float: graph.Float16, Timestep: graph.Value{Type: graph.Float16}},
	"half floats with a float scalar":   {Float: graph.Float16, SampledLatents: true},
	"a batch of two":                    {Batch: 2},
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	type way struct {
		onnxtest.Folder
		onnx.Device
	}
	ways := map[string]way{}
	for name, f := range exports {
		ways[name] = way{f, onnx.Device{Kind: onnx.CPU, Threads: 1}}
		if f.Float == graph.Float16 {
			ways[name+", left so"] = way{f, float16CPU}
		}
		ways[name+", as on a GPU"] = way{f, onnx.Device{
			Kind: onnx.CPU, Threads: 1, Resident: true, KeepFloat16: f.Float == graph.Float16,
		}}
	}
	for name, w := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, ctx := loadOn(t, w.Folder, w.Device), t.Context()
			text, err := m.EncodeText(ctx, idRows(2), 0)
			hidden := text.Hidden
			check(t, "hidden states", hidden, err, wantHidden(2))
			latents := ramp(2, 4, 3, 5)
			noise, err := m.Unet(ctx, latents, 21, hiddenOnly(hidden))
			check(t, "noise", noise, err, wantNoise(latents, 21, hidden))
			pixels, err := m.DecodeLatents(ctx, latents)
			check(t, "pixels", pixels, err, wantPixels(latents))
			mean, err := m.EncodeImage(ctx, pixels)
			if err == nil && !w.SampledLatents { // the logarithm of the variance, too, is the average of the first channel
				check(t, "variance", channelHalf(mean, 1), err, repeatChannel(wantMean(latents), 0))
				mean = channelHalf(mean, 0)
			}
			check(t, "mean", mean, err, wantMean(latents))
		})
	}
}

func TestTimesteps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind graph.Type
		give float64
		want float64
	}{
		{graph.Float, 20.5, 20.5}, {graph.Double, 20.5, 20.5}, {graph.Int64, 20.5, 20}, {graph.Int32, 21.5, 22},
		{graph.Int64, 20.7, 21},
	} {
		t.Run(fmt.Sprint(c.kind, " ", c.give), func(t *testing.T) {
			t.Parallel()
			m := load(t, onnxtest.Folder{Timestep: graph.Value{Type: c.kind}})
			if got, want := m.Folder.Config.FractionalTimesteps, c.kind == graph.Float || c.kind == graph.Double; got != want {
				t.Errorf("fractional timesteps: got %v, want %v", got, want)
			}
			latents, hidden := ramp(1, 4, 1, 1), tensor.New(1, 2*onnxtest.Length, onnxtest.Width)
			noise, err := m.Unet(t.Context(), latents, c.give, hiddenOnly(hidden))
			check(t, "noise", noise, err, wantNoise(latents, c.want, hidden))
		})
	}
}

// hiddenOnly gives a UNet hidden states alone.
func hiddenOnly(hidden tensor.Tensor) tensor.Conditioning { return tensor.Conditioning{Hidden: hidden} }

func wantHidden(n int) tensor.Tensor {
	out := tensor.New(n, onnxtest.Length, onnxtest.Width)
	ids := idRows(n)
	for i := range out.Data {
		token := i / onnxtest.Width
		out.Data[i] = float32(ids[token/onnxtest.Length][token%onnxtest.Length]) + float32(i%onnxtest.Width)/8
	}
	return out
}

func wantNoise(latents tensor.Tensor, timestep float64, hidden tensor.Tensor) tensor.Tensor {
	out := latents.Clone()
	for b := range latents.Batch() {
		var sum float64
		for _, v := range hidden.Row(b).Data {
			sum += float64(v)
		}
		mean := sum / float64(len(hidden.Row(b).Data))
		row := out.Row(b).Data
		for i := range row {
			row[i] += float32(timestep + mean)
		}
	}
	return out
}

func wantPixels(latents tensor.Tensor) tensor.Tensor {
	h, w := latents.Shape[2], latents.Shape[3]
	out := tensor.New(latents.Shape[0], 3, 8*h, 8*w)
	for i := range out.Data {
		x, y, c, b := i%(8*w), i/(8*w)%(8*h), i/(64*w*h)%3, i/(64*w*h*3)
		out.Data[i] = latents.Data[((b*4+c)*h+y/8)*w+x/8]
	}
	return out
}

func wantMean(latents tensor.Tensor) tensor.Tensor {
	out := latents.Clone()
	size := latents.Shape[2] * latents.Shape[3]
	for b := range latents.Batch() {
		row := out.Row(b).Data
		copy(row[3*size:], row[2*size:3*size])
	}
	return out
}

// check compares to 2⁻⁸ relative: what float16 leaves of sums below 64.
func check(t *testing.T, what string, got tensor.Tensor, err error, want tensor.Tensor) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if !slices.Equal(got.Shape, want.Shape) {
		t.Fatalf("%s: got shape %v, want %v", what, got.Shape, want.Shape)
	}
	for i, v := range got.Data {
		if d := math.Abs(float64(v - want.Data[i])); !(d <= (1+math.Abs(float64(want.Data[i])))/256) {
			t.Fatalf("%s: got %v at %d, want %v", what, v, i, want.Data[i])
		}
	}
}

func TestInvalidCalls(t *testing.T) {
	t.Parallel()
	m := load(t, onnxtest.Folder{NoEncoder: true})
	single := load(t, onnxtest.Folder{Batch: 2})
	ctx := t.Context()
	hidden := tensor.New(1, onnxtest.Length, onnxtest.Width)
	encode := func(m *onnx.Model, ids [][]int32, skip int) (tensor.Tensor, error) {
		text, err := m.EncodeText(ctx, ids, skip)
		return text.Hidden, err
	}
	for _, c := range []struct {
		name string
		call func() (tensor.Tensor, error)
		says string
	}{
		{"no rows", func() (tensor.Tensor, error) { return encode(m, nil, 0) }, "no rows"},
		{"a short row", func() (tensor.Tensor, error) { return encode(m, [][]int32{{1, 2}}, 0) }, "2 ids, want 77"},
		{"clip skip", func() (tensor.Tensor, error) { return encode(m, idRows(1), 1) }, onnx.ErrClipSkip.Error()},
		{"an id past the vocabulary", func() (tensor.Tensor, error) {
			ids := idRows(1)
			ids[0][5] = onnxtest.VocabularySize
			return encode(m, ids, 0)
		}, "text_encoder"},
		{
			"latents without a batch",
			func() (tensor.Tensor, error) { return m.Unet(ctx, tensor.New(4, 8, 8), 1, hiddenOnly(hidden)) },
			"want [b,4,h,w]",
		},
		{
			"latents of five channels",
			func() (tensor.Tensor, error) { return m.Unet(ctx, tensor.New(1, 5, 8, 8), 1, hiddenOnly(hidden)) },
			"[1 5 8 8]",
		},
		{
			"unequal batches",
			func() (tensor.Tensor, error) { return m.Unet(ctx, tensor.New(2, 4, 8, 8), 1, hiddenOnly(hidden)) },
			"[1 77 4] beside latents of [2 4 8 8]",
		},
		{"hidden states of another width", func() (tensor.Tensor, error) {
			return m.Unet(ctx, tensor.New(1, 4, 8, 8), 1, hiddenOnly(tensor.New(1, onnxtest.Length, 5)))
		}, "[1 77 5]"},
		{"a tensor that lies about its shape", func() (tensor.Tensor, error) {
			return m.Unet(ctx, tensor.Tensor{Shape: []int{1, 4, 8, 8}, Data: make([]float32, 3)}, 1, hiddenOnly(hidden))
		}, "got 3"},
		{"an empty tensor", func() (tensor.Tensor, error) { return m.DecodeLatents(ctx, tensor.Tensor{}) }, "want [b,4,h,w]"},
		{
			"a side of zero",
			func() (tensor.Tensor, error) { return m.DecodeLatents(ctx, tensor.New(1, 4, 0, 8)) },
			"want [b,4,h,w]",
		},
		{
			"a model without an encoder",
			func() (tensor.Tensor, error) { return m.EncodeImage(ctx, tensor.New(1, 3, 8, 8)) },
			onnx.ErrNoEncoder.Error(),
		},
		{
			"a picture of odd size",
			func() (tensor.Tensor, error) { return single.EncodeImage(ctx, tensor.New(2, 3, 8, 9)) },
			"multiples of 8",
		},
		{
			"a batch that the export does not divide",
			func() (tensor.Tensor, error) { return single.DecodeLatents(ctx, tensor.New(3, 4, 8, 8)) },
			"2 at a time, got 3",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := c.call(); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error with %q", err, c.says)
			}
		})
	}
}

// channelHalf returns the first or second half of the channels of each item.
func channelHalf(t tensor.Tensor, which int) tensor.Tensor {
	s := t.Shape
	out := tensor.New(s[0], s[1]/2, s[2], s[3])
	for i := range s[0] {
		n := len(out.Row(i).Data)
		copy(out.Row(i).Data, t.Row(i).Data[which*n:])
	}
	return out
}

// repeatChannel puts one channel in the place of each.
func repeatChannel(t tensor.Tensor, channel int) tensor.Tensor {
	out := t.Clone()
	plane := t.Shape[2] * t.Shape[3]
	for i := range t.Shape[0] {
		row := out.Row(i).Data
		for c := range t.Shape[1] {
			copy(row[c*plane:(c+1)*plane], t.Row(i).Data[channel*plane:(channel+1)*plane])
		}
	}
	return out
}
