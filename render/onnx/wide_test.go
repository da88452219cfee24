package onnx_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/tensor"
)

// narrow is a CPU that runs float16 as a GPU does.
var narrow = onnx.Device{Kind: onnx.CPU, Threads: 1, Narrow: true}

// halves is an export in float16, with a tiny decoder.
func halves(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := (onnxtest.Folder{Float: graph.Float16, Timestep: graph.Value{Type: graph.Float16}}).Write(dir); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "vae_decoder", "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "taesd_decoder.onnx"), string(data))
	return dir
}

// thirds is a tensor of numbers that float16 cannot hold.
func thirds(shape ...int) tensor.Tensor { return tensor.Scale(ramp(shape...), 1.0/3) }

// answers asks every network of a model for something.
func answers(t *testing.T, m *onnx.Model) map[string]tensor.Tensor {
	t.Helper()
	all := map[string]tensor.Tensor{}
	keep := func(name string, x tensor.Tensor, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = x
	}
	noise, err := m.Unet(t.Context(), thirds(2, 4, 8, 8), 500.3, led(thirds(2, onnxtest.Length, onnxtest.Width)))
	keep("noise", noise, err)
	pixels, err := m.DecodeLatents(t.Context(), thirds(1, 4, 2, 2))
	keep("pixels", pixels, err)
	mean, err := m.EncodeImage(t.Context(), thirds(1, 3, 16, 16))
	keep("mean", mean, err)
	if m.Tiny() != nil {
		pixels, err := m.Tiny().DecodeLatents(t.Context(), thirds(1, 4, 2, 2))
		keep("tiny decoder", pixels, err)
	}
	return all
}

// TestFloat16OnACPU sees that no value is rounded on the way through a network in float16, and that each is where the
// device asks for it.
func TestFloat16OnACPU(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	dir := halves(t)
	want := answers(t, load(t, onnxtest.Folder{}))
	for _, mapped := range []bool{false, true} {
		m := loadDir(t, dir, onnx.Device{Kind: onnx.CPU, Threads: 1, Mapped: mapped})
		if !m.Folder.Config.Half || len(m.Doubts()) > 0 {
			t.Errorf("float16 %v, doubts %v, want true and none", m.Folder.Config.Half, m.Doubts())
		}
		got := answers(t, m)
		if len(got) != 4 {
			t.Fatalf("got %d answers, want 4", len(got))
		}
		for name, x := range want {
			if !slices.Equal(got[name].Data, x.Data) {
				t.Errorf("mapped %v: %s is not what the network answers in float32", mapped, name)
			}
		}
	}
	rounded := answers(t, loadDir(t, dir, narrow))
	for name, x := range want {
		near(t, name, rounded[name], x, 2e-3)
		if slices.Equal(rounded[name].Data, x.Data) {
			t.Errorf("%s has all digits of float32, want it rounded as a GPU does", name)
		}
	}
}

// TestStrangeNetworkStaysInFloat16 has a UNet that cannot be widened beside parts that can.
func TestStrangeNetworkStaysInFloat16(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	dir := halves(t)
	want := answers(t, loadDir(t, dir, narrow))["noise"]
	path := filepath.Join(dir, "unet", "model.onnx")
	rewrite(t, path, func(model []byte) []byte { return append(model, function...) })
	m := loadDir(t, dir, onnx.Device{Kind: onnx.CPU, Threads: 1})
	if got := fmt.Sprint(m.Doubts()); len(m.Doubts()) != 1 || !strings.Contains(got, path) || !strings.Contains(got, "a function of its own") {
		t.Errorf("got doubts %s, want one that names %s and the function", got, path)
	}
	if got := answers(t, m)["noise"]; !slices.Equal(got.Data, want.Data) {
		t.Error("the UNet answers otherwise than its file says")
	}
}

// function is an unused ModelProto.functions = 25 that doubles a value: name = 1, input = 4, output = 5, node = 7,
// opset_import = 9, domain = 10.
const function = "\xca\x01\x27" + "\x0a\x05Twice" + "\x22\x01a" + "\x2a\x01b" + "\x3a\x0e\x0a\x01a\x0a\x01a\x12\x01b\x22\x03Add" + "\x4a\x02\x10\x11" + "\x52\x04test"

// TestSeamlessInFloat16 wraps a network that was exported in float16.
func TestSeamlessInFloat16(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	m := loadGolden(t, goldentest.Half(goldentest.SD1))
	s, err := m.Seamless(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	x := thirds(1, 4, 8, 8)
	got, err := s.Unet(t.Context(), x, 500, everything(m, 1))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := m.Unet(t.Context(), x, 500, everything(m, 1))
	if err != nil || slices.Equal(got.Data, plain.Data) {
		t.Errorf("wrapping changes nothing (%v)", err)
	}
}

// TestMappedFloat16AnswersTheSame runs Optimum's exports with weights that stay in the file, and are cast in every run.
func TestMappedFloat16AnswersTheSame(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	for _, name := range []string{goldentest.SD1, goldentest.SDXL, goldentest.Inpaint} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := goldentest.Model(t, goldentest.Half(name))
			laid := loadDir(t, dir, onnx.Device{Kind: onnx.CPU, Threads: 1})
			mapped := loadDir(t, dir, onnx.Device{Kind: onnx.CPU, Threads: 1, Mapped: true})
			ask := func(m *onnx.Model) (text tensor.Encoded, noise, pixels tensor.Tensor) {
				text, err1 := m.EncodeText(t.Context(), rows(2), 1)
				noise, err2 := m.Unet(t.Context(), thirds(2, channels(m), 8, 8), 500.3, everything(m, 2))
				pixels, err3 := m.DecodeLatents(t.Context(), thirds(1, 4, 8, 8))
				if err := errors.Join(err1, err2, err3); err != nil || len(m.Doubts()) > 0 {
					t.Fatal(err, m.Doubts())
				}
				return text, noise, pixels
			}
			text, noise, pixels := ask(mapped)
			wantText, wantNoise, wantPixels := ask(laid)
			near(t, "hidden states", text.Hidden, wantText.Hidden, 1e-5)
			near(t, "noise", noise, wantNoise, 1e-4)
			near(t, "pixels", pixels, wantPixels, 1e-4)
		})
	}
}
