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

// float16CPU is a CPU that runs float16 as a GPU does.
var float16CPU = onnx.Device{Kind: onnx.CPU, Threads: 1, KeepFloat16: true}

// float16Folder is an export in float16, with a tiny decoder.
func float16Folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := (onnxtest.Folder{Float: graph.Float16, Timestep: graph.Value{Type: graph.Float16}}).Write(dir); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "vae_decoder", "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	onnxtest.WriteFile(t, dir, "taesd_decoder.onnx", string(data))
	return dir
}

// inexactRamp is a tensor of numbers that float16 cannot hold.
func inexactRamp(shape ...int) tensor.Tensor { return tensor.Scale(ramp(shape...), 1.0/3) }

// runAll runs every network of a model.
func runAll(t *testing.T, m *onnx.Model) map[string]tensor.Tensor {
	t.Helper()
	all := map[string]tensor.Tensor{}
	keep := func(name string, x tensor.Tensor, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = x
	}
	noise, err := m.Unet(
		t.Context(), inexactRamp(2, 4, 8, 8), 500.3, hiddenOnly(inexactRamp(2, onnxtest.Length, onnxtest.Width)),
	)
	keep("noise", noise, err)
	pixels, err := m.DecodeLatents(t.Context(), inexactRamp(1, 4, 2, 2))
	keep("pixels", pixels, err)
	mean, err := m.EncodeImage(t.Context(), inexactRamp(1, 3, 16, 16))
	keep("mean", mean, err)
	if m.TinyDecoder() != nil {
		pixels, err := m.TinyDecoder().DecodeLatents(t.Context(), inexactRamp(1, 4, 2, 2))
		keep("tiny decoder", pixels, err)
	}
	return all
}

// TestFloat16OnACPU checks that no value is rounded on the way through a network in float16, and that weights are where
// the device wants them.
func TestFloat16OnACPU(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	dir := float16Folder(t)
	want := runAll(t, load(t, onnxtest.Folder{}))
	for _, mapped := range []bool{false, true} {
		m := loadDir(t, dir, onnx.Device{Kind: onnx.CPU, Threads: 1, Mapped: mapped})
		if !m.Folder.Config.Float16 || len(m.Warnings()) > 0 {
			t.Errorf("float16 %v, doubts %v, want true and none", m.Folder.Config.Float16, m.Warnings())
		}
		got := runAll(t, m)
		if len(got) != 4 {
			t.Fatalf("got %d answers, want 4", len(got))
		}
		for name, x := range want {
			if !slices.Equal(got[name].Data, x.Data) {
				t.Errorf("mapped %v: %s is not what the network answers in float32", mapped, name)
			}
		}
	}
	rounded := runAll(t, loadDir(t, dir, float16CPU))
	for name, x := range want {
		checkNear(t, name, rounded[name], x, 2e-3)
		if slices.Equal(rounded[name].Data, x.Data) {
			t.Errorf("%s has all digits of float32, want it rounded as a GPU does", name)
		}
	}
}

// TestUnsupportedNetworkKeepsFloat16 has a UNet that cannot be widened beside parts that can.
func TestUnsupportedNetworkKeepsFloat16(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	dir := float16Folder(t)
	want := runAll(t, loadDir(t, dir, float16CPU))["noise"]
	path := filepath.Join(dir, "unet", "model.onnx")
	onnxtest.Rewrite(t, path, func(model []byte) []byte { return append(model, functionProto...) })
	m := loadDir(t, dir, onnx.Device{Kind: onnx.CPU, Threads: 1})
	if got := fmt.Sprint(m.Warnings()); len(m.Warnings()) != 1 || !strings.Contains(got, path) ||
		!strings.Contains(got, "a function of its own") {
		t.Errorf("got doubts %s, want one that names %s and the function", got, path)
	}
	if got := runAll(t, m)["noise"]; !slices.Equal(got.Data, want.Data) {
		t.Error("the UNet answers otherwise than its file says")
	}
}

// functionProto is an unused ModelProto.functions = 25 that doubles a value: name = 1, input = 4, output = 5, node = 7,
// opset_import = 9, domain = 10.
const functionProto = "\xca\x01\x27" + "\x0a\x05Twice" + "\x22\x01a" + "\x2a\x01b" +
	"\x3a\x0e\x0a\x01a\x0a\x01a\x12\x01b\x22\x03Add" + "\x4a\x02\x10\x11" + "\x52\x04test"

// TestSeamlessInFloat16 wraps a network that was exported in float16.
func TestSeamlessInFloat16(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	m := loadGolden(t, goldentest.Float16(goldentest.SD1))
	s, err := m.Seamless(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	x := inexactRamp(1, 4, 8, 8)
	got, err := s.Unet(t.Context(), x, 500, allConditioning(m, 1))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := m.Unet(t.Context(), x, 500, allConditioning(m, 1))
	if err != nil || slices.Equal(got.Data, plain.Data) {
		t.Errorf("wrapping changes nothing (%v)", err)
	}
}

// TestMappedFloat16Matches runs Optimum's exports with weights that stay in the file, and are cast in every run.
func TestMappedFloat16Matches(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	for _, name := range []string{goldentest.SD1, goldentest.SDXL, goldentest.Inpaint} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := goldentest.Model(t, goldentest.Float16(name))
			laid := loadDir(t, dir, onnx.Device{Kind: onnx.CPU, Threads: 1})
			mapped := loadDir(t, dir, onnx.Device{Kind: onnx.CPU, Threads: 1, Mapped: true})
			runNetworks := func(m *onnx.Model) (text tensor.TextEncoding, noise, pixels tensor.Tensor) {
				text, err1 := m.EncodeText(t.Context(), idRows(2), 1)
				noise, err2 := m.Unet(t.Context(), inexactRamp(2, channels(m), 8, 8), 500.3, allConditioning(m, 2))
				pixels, err3 := m.DecodeLatents(t.Context(), inexactRamp(1, 4, 8, 8))
				if err := errors.Join(err1, err2, err3); err != nil || len(m.Warnings()) > 0 {
					t.Fatal(err, m.Warnings())
				}
				return text, noise, pixels
			}
			text, noise, pixels := runNetworks(mapped)
			wantText, wantNoise, wantPixels := runNetworks(laid)
			checkNear(t, "hidden states", text.Hidden, wantText.Hidden, 1e-5)
			checkNear(t, "noise", noise, wantNoise, 1e-4)
			checkNear(t, "pixels", pixels, wantPixels, 1e-4)
		})
	}
}
