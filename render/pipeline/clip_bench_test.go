//go:build cgo

package pipeline

import (
	"image"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"darkroom/render/onnx"
)

// BenchmarkCLIP measures a vector of an image and of a text, with the CLIP of DARKROOM_CLIP or else the demo model's:
//
//	DARKROOM_CLIP=DIR go test ./render/pipeline -run none -bench CLIP -benchtime 3x
//
// It tells the CPU time of a vector too, which other programs disturb less, how long loading took, and the process's
// own memory and its peak.
func BenchmarkCLIP(b *testing.B) {
	lib, err := onnx.FindLibrary("")
	if err != nil {
		b.Skipf("needs ONNX Runtime (make runtime): %v", err)
	}
	if err := onnx.Open(lib); err != nil {
		b.Fatal(err)
	}
	m, err := Directory(".").OpenCLIP(os.Getenv("DARKROOM_CLIP"), nil)
	if err != nil {
		b.Fatal(err)
	}
	for name, device := range map[string]onnx.Device{
		"mapped": {Kind: onnx.CPU, Threads: 1, Mapped: true}, "packed": {Kind: onnx.CPU, Threads: 1},
	} {
		b.Run(name, func(b *testing.B) {
			began := time.Now()
			l, err := LoadCLIP(m, device)
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			load := time.Since(began).Seconds()
			img := image.NewNRGBA(image.Rect(0, 0, 1024, 1024))
			for i := range img.Pix {
				img.Pix[i] = uint8(i*i>>9) | uint8(i&3/3*255)
			}
			tell := func(b *testing.B, cpu time.Duration) {
				b.ReportMetric((cpuTime()-cpu).Seconds()*1000/float64(b.N), "cpu-ms/op")
				b.ReportMetric(load, "s-to-load")
				b.ReportMetric(memory("RssAnon"), "own-MiB")
				b.ReportMetric(memory("VmHWM"), "peak-MiB")
			}
			b.Run("image", func(b *testing.B) {
				cpu := cpuTime()
				for b.Loop() {
					if _, err := l.ImageVector(b.Context(), img); err != nil {
						b.Fatal(err)
					}
				}
				tell(b, cpu)
			})
			b.Run("text", func(b *testing.B) {
				cpu := cpuTime()
				for b.Loop() {
					if _, err := l.TextVector(b.Context(), "a red boat at sea at sunset"); err != nil {
						b.Fatal(err)
					}
				}
				tell(b, cpu)
			})
		})
	}
}

// cpuTime is what this process has used of all cores.
func cpuTime() time.Duration {
	var used unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// memory is a number of this process's status in MiB; 0 where the system does not tell.
func memory(field string) float64 {
	status, _ := os.ReadFile("/proc/self/status")
	found := regexp.MustCompile(field + `:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(found[1])) // of digits
	return float64(n) / 1024
}
