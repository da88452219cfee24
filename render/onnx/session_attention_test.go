package onnx

import (
	"errors"
	"math"
	"os"
	"testing"

	ort "github.com/yalue/onnxruntime_go"

	"darkroom/render/folder"
	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// demoModel opens the demo model, or skips the test where it or the runtime is not there.
func demoModel(t *testing.T) *folder.Model {
	t.Helper()
	lib, err := FindLibrary("")
	if err != nil {
		t.Skip(err)
	}
	if err := Open(lib); err != nil {
		t.Fatal(err)
	}
	const demo = "../demo/postcards"
	if _, err := os.Stat(demo); err != nil {
		t.Skip("the demo model is not in this tree: ", err)
	}
	f, err := folder.Open(demo)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sineWave fills a tensor with numbers between -1 and 1.
func sineWave(shape ...int) tensor.Tensor {
	x := tensor.New(shape...)
	for i := range x.Data {
		x.Data[i] = float32(math.Sin(float64(i) * 0.7))
	}
	return x
}

// maxDifference is the largest difference between two answers.
func maxDifference(t *testing.T, a, b tensor.Tensor) float64 {
	t.Helper()
	if !tensor.SameShape(a, b) {
		t.Fatalf("shapes %v and %v", a.Shape, b.Shape)
	}
	most := 0.0
	for i, v := range a.Data {
		most = max(most, math.Abs(float64(v-b.Data[i])))
	}
	return most
}

// loadUnet is the demo model with its UNet as the file has it, or as it is usually loaded.
func loadUnet(t *testing.T, f *folder.Model, d Device, plain bool) *Model {
	t.Helper()
	d.Kind, d.Threads = CPU, 1
	m, err := Load(t.Context(), f, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	if !plain {
		return m
	}
	n := m.Folder.UnetNetwork()
	o, err := d.options()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ort.NewDynamicAdvancedSession(n.Path, valueNames(n.Inputs), valueNames(n.Outputs), o)
	if err := errors.Join(err, o.Destroy()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Destroy() })
	return &Model{Folder: m.Folder, Device: d, unet: &session{path: n.Path, batch: m.unet.batch, ort: s, bound: &binding{}}}
}

func TestFusedAttentionAndMappedWeightsMatch(t *testing.T) {
	t.Parallel()
	f := demoModel(t)
	s, err := graph.ReadSkeleton(f.UnetNetwork().Path)
	if err != nil {
		t.Fatal(err)
	}
	if fused, err := graph.FuseAttention(s.Model); err != nil || len(fused) >= len(s.Model) {
		t.Errorf("%d bytes of UNet became %d (%v), want fewer", len(s.Model), len(fused), err)
	}
	latents, conditioning := sineWave(
		2, 4, 32, 32,
	), tensor.Conditioning{
		Hidden: sineWave(2, f.Config.TextLength, f.Config.TextWidth),
	}
	answer := func(m *Model) tensor.Tensor {
		out, err := m.Unet(t.Context(), latents, 500, conditioning)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := answer(loadUnet(t, f, Device{}, true))
	mapped := loadUnet(t, f, Device{Mapped: true}, false)
	for name, m := range map[string]*Model{"fused": loadUnet(t, f, Device{}, false), "mapped": mapped} {
		if d := maxDifference(t, answer(m), want); d > 1e-4 {
			t.Errorf("%s: up to %v from the network as its file has it, want 1e-4", name, d)
		}
	}
	if ran := mapped.Ran(); ran <= 0 {
		t.Errorf("the networks ran for %v, want some time", ran)
	}
}
