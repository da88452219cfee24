package onnx_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"darkroom/render/checkpoint"
	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/tensor"
)

// BenchmarkUpscaler measures a tile of each size with the upscaler in the file that DARKROOM_UPSCALER names: its time,
// and by how much the process grows at most, by the pixel, beside what Traits foresees.
func BenchmarkUpscaler(b *testing.B) {
	path := os.Getenv("DARKROOM_UPSCALER")
	if path == "" {
		b.Skip("DARKROOM_UPSCALER names no file")
	}
	runtimeOrSkip(b)
	open := folder.OpenUpscaler
	if strings.HasSuffix(path, ".safetensors") {
		open = checkpoint.OpenUpscaler
	}
	opened, err := open(path)
	if err != nil {
		b.Fatal(err)
	}
	for _, side := range []int{64, 128, 192, 256} {
		b.Run(fmt.Sprint(side), func(b *testing.B) {
			network, err := onnx.OpenUpscaler(opened, onnx.Device{Kind: onnx.CPU, Threads: 2})
			if err != nil {
				b.Fatal(err)
			}
			defer network.Close()
			in := tensor.New(1, 3, side, side)
			for i := range in.Data {
				in.Data[i] = float32(i%97) / 97
			}
			network.Trim()
			before := memory(b, "VmRSS:")
			_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak counts from here
			for b.Loop() {
				if _, err := network.Upscale(b.Context(), in); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(memory(b, "VmHWM:")-before)/float64(side*side), "B/pixel")
			b.ReportMetric(network.Traits().BytesPerPixel, "foreseen-B/pixel")
		})
	}
}

// memory is a number of /proc/self/status, in bytes.
func memory(b *testing.B, name string) (bytes int64) {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip(err)
	}
	_, rest, _ := strings.Cut(string(status), name)
	if _, err := fmt.Sscan(rest, &bytes); err != nil {
		b.Fatal(err)
	}
	return bytes << 10
}
