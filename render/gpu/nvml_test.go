//go:build cgo && linux

package gpu_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"darkroom/render/gpu"
	"darkroom/render/gpu/gputest"
)

func TestLookAsksNVML(t *testing.T) {
	t.Parallel()
	rtx := gpu.Card{
		Index: 0, Name: "NVIDIA GeForce RTX 3060", UUID: "GPU-aaaa", Total: 12 << 30, Free: 12000000000, Capability: 86,
	}
	gtx := gpu.Card{
		Index: 1, Name: "NVIDIA GeForce GTX 1080", UUID: "GPU-bbbb", Total: 8 << 30, Free: 8000000000, Capability: 61,
	}
	for name, c := range map[string]struct {
		macros []string
		want   gpu.Report
		fails  string
	}{
		"two cards": {nil, gpu.Report{Driver: "570.86.15", CUDA: 12080, Cards: []gpu.Card{rtx, gtx}}, ""},
		"no card":   {[]string{"CARDS=0"}, gpu.Report{Driver: "570.86.15", CUDA: 12080}, ""},
		"a card that is lost keeps its number": {
			[]string{"LOST=0"},
			gpu.Report{Driver: "570.86.15", CUDA: 12080, Cards: []gpu.Card{{}, gtx}}, "card 0: GPU is lost",
		},
		"a kernel module that is not loaded": {
			[]string{"INIT=9"}, gpu.Report{}, "no NVIDIA driver (the NVIDIA driver: start: Driver Not Loaded)",
		},
		"a library of long ago": {[]string{"OLD"}, gpu.Report{}, "no NVIDIA driver"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := gpu.Look(gpu.Options{Library: gputest.NVML(t, c.macros...), Proc: t.TempDir()})
			if (got.Err == nil) != (c.fails == "") || got.Err != nil && !strings.Contains(got.Err.Error(), c.fails) {
				t.Errorf("got error %v, want %q", got.Err, c.fails)
			}
			if got.Err = nil; !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
	if got := (gpu.Report{CUDA: 12080}); got.Major() != 12 || got.CUDAText() != "12.8" {
		t.Errorf("got %d and %q, want 12 and 12.8", got.Major(), got.CUDAText())
	}
}

// TestLookTellsWhyNVMLFails: where the kernel module is there, what it says is taken, and why the rest is not known.
func TestLookTellsWhyNVMLFails(t *testing.T) {
	t.Parallel()
	for macro, want := range map[string]string{"INIT=9": "Driver Not Loaded", "OLD": "nvmlSystemGetCudaDriverVersion_v2"} {
		got := gpu.Look(gpu.Options{Library: gputest.NVML(t, macro), Proc: procFolder(t)})
		if got.Driver != "580.65.06" || got.Err == nil || !strings.Contains(got.Err.Error(), want) {
			t.Errorf("got %+v, want the driver of /proc and %q", got, want)
		}
	}
}

func TestLookGivesUpOnADriverThatHangs(t *testing.T) {
	t.Parallel()
	got := gpu.Look(gpu.Options{Library: gputest.NVML(t, "HANG"), Proc: procFolder(t), Timeout: time.Millisecond})
	if !errors.Is(got.Err, gpu.ErrSilent) || len(got.Cards) != 2 {
		t.Errorf("got %+v, want what the kernel module says and that the driver does not answer", got)
	}
}

func TestLookWithoutADriver(t *testing.T) {
	t.Parallel()
	got := gpu.Look(gpu.Options{Library: filepath.Join(t.TempDir(), "none.so"), Proc: t.TempDir()})
	if !errors.Is(got.Err, gpu.ErrNoDriver) || len(got.Cards) != 0 || got.Driver != "" {
		t.Errorf("got %+v, want no driver", got)
	}
}
