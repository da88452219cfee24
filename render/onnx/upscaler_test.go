package onnx_test

import (
	"image"
	"testing"

	"darkroom/render/onnx"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/upscale"
)

func TestUpscaler(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	m := loadDir(t, demo, onnx.Device{Kind: onnx.CPU, Threads: 1})
	flat := image.NewNRGBA(image.Rect(0, 0, 90, 50))
	for i := range flat.Pix {
		flat.Pix[i] = []uint8{60, 120, 180, 255}[i%4]
	}
	got, err := upscale.Enlarge(t.Context(), m.Upscaler(), flat, image.Pt(180, 100))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []image.Point{{90, 50}, {20, 20}, {170, 90}} {
		c := got.NRGBAAt(at.X, at.Y)
		if max(c.R, 60)-min(c.R, 60) > 8 || max(c.G, 120)-min(c.G, 120) > 8 || max(c.B, 180)-min(c.B, 180) > 8 {
			t.Errorf("at %v: got %v, want about the one colour of the picture", at, c)
		}
	}
	if m := load(t, onnxtest.Folder{}); m.Upscaler() != nil {
		t.Error("a folder without an upscaler has one")
	}
}
