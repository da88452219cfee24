//go:build cgo

package pipeline

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

var collection = flag.String("collection", "", "folder for BenchmarkInventory, of render/bench/collection.py")

// BenchmarkInventory measures what models and add-ons cost that are only at hand: opening them, looking again, and the
// memory that stays.
func BenchmarkInventory(b *testing.B) {
	if *collection == "" {
		b.Skip("needs -collection DIR")
	}
	dir, err := filepath.Abs(*collection)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		heap, resident := memoryInUse()
		began := time.Now()
		v, err := Directory(dir).Inventory(nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "s/open")
		began = time.Now()
		if v.Look() {
			b.Error("want nothing new")
		}
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms/look")
		heapNow, residentNow := memoryInUse()
		b.ReportMetric(float64(heapNow-heap)/1e6, "heap-MB")
		b.ReportMetric(float64(residentNow-resident)/1e6, "resident-MB")
		b.ReportMetric(float64(len(v.Entries())), "items")
		runtime.KeepAlive(v)
	}
}

// memoryInUse returns the bytes of the heap that are in use, and those of the process.
func memoryInUse() (heap, resident int64) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if text, found := strings.CutPrefix(line, "VmRSS:"); found {
			kib, _ := strconv.ParseInt(strings.Fields(text)[0], 10, 64)
			resident = kib << 10
		}
	}
	return int64(m.HeapAlloc), resident
}
