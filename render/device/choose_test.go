package device_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"darkroom/render/device"
	"darkroom/render/gpu"
	"darkroom/render/onnx/install"
	"darkroom/render/onnx/library"
)

// lib is a real library of ONNX Runtime for the CPU, or the test is skipped.
func lib(t *testing.T) string {
	t.Helper()
	path, err := library.Find("", library.Dirs()...)
	if err != nil {
		t.Skip(err)
	}
	return path
}

// folder is a folder with that library, and with a provider for CUDA if asked for.
func folder(t *testing.T, cuda bool) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(lib(t), filepath.Join(dir, library.Name(runtime.GOOS, library.Recommended))); err != nil {
		t.Fatal(err)
	}
	if cuda {
		if err := os.WriteFile(filepath.Join(dir, "libonnxruntime_providers_cuda.so"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func installed(t *testing.T, name string, cuda int) install.Installed {
	return install.Installed{Name: name, Version: "1.24.4", CUDA: cuda, Dir: folder(t, cuda > 0)}
}

// card is a card of a compute capability, times ten.
func card(index int, name string, capability int) gpu.Card {
	return gpu.Card{Index: index, Name: name, Capability: capability}
}

var (
	rtx3060 = card(0, "RTX 3060", 86)
	gtx1080 = card(1, "GTX 1080", 61)
	rtx5090 = card(0, "RTX 5090", 120)
	gtx960  = card(0, "GTX 960", 52)
)

func driver(cuda int, cards ...gpu.Card) gpu.Report {
	return gpu.Report{Driver: "999.1", CUDA: cuda, Cards: cards}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	cuda12, cuda13 := installed(t, "cuda12", 12), installed(t, "cuda13", 13)
	broken := install.Installed{Name: "cuda12", Err: errors.New("libcudnn.so.9 is missing")}
	none := gpu.Report{Err: gpu.ErrNoDriver}
	auto, first := device.Wanted{Kind: device.Auto}, device.Wanted{Kind: device.CUDA}
	for name, c := range map[string]struct {
		gpu      gpu.Report
		runtimes []install.Installed
		wanted   device.Wanted
		want     string // devices with their runtimes
		reason   string // of the first
		fix      string
		fails    string
	}{
		"auto without a driver": {none, nil, auto, "cpu", "there is no NVIDIA driver", "", ""},
		"auto with a card and no driver": {
			gpu.Report{Err: gpu.ErrNoDriver, Unused: 1}, nil, auto, "cpu", "there is no driver for it", "", "",
		},
		"auto without a library": {
			driver(12080, rtx3060), nil, auto, "cpu", "cuda:0, RTX 3060 is here, but the libraries of CUDA are missing",
			"darkroom runtime pull cuda12", "",
		},
		"auto without a library, and a new driver": {
			driver(13000, rtx3060), nil, auto, "cpu", "are missing", "darkroom runtime pull cuda13", "",
		},
		"an old card wants the older runtime, whatever the driver": {
			driver(13000, card(0, "GTX 1080", 61)), nil, auto, "cpu", "are missing", "darkroom runtime pull cuda12", "",
		},
		"auto with library and driver": {
			driver(12080, rtx3060), []install.Installed{cuda12}, auto, "cuda:0/cuda12", "RTX 3060, with cuda12", "", "",
		},
		"auto with several cards": {
			driver(13000, rtx3060, gtx1080), []install.Installed{cuda12, cuda13}, auto, "cuda:0/cuda13 cuda:1/cuda12",
			"RTX 3060, with cuda13", "", "",
		},
		"auto leaves out a card that nothing fits": {
			driver(13000, rtx3060, gtx1080), []install.Installed{cuda13}, auto, "cuda:0/cuda13",
			"cuda:1, GTX 1080 is here, but the libraries of CUDA are missing", "", "",
		},
		"a library that the driver does not support": {
			driver(12080, rtx3060), []install.Installed{cuda13}, auto, "cpu", "are missing", "darkroom runtime pull cuda12", "",
		},
		"a new card with the older runtime": {
			driver(13000, rtx5090), []install.Installed{cuda12}, auto, "cuda:0/cuda12", "has no code for it",
			"darkroom runtime pull cuda13", "",
		},
		"a card of long ago": {driver(12080, gtx960), []install.Installed{cuda12}, auto, "cpu", "it is too old", "", ""},
		"a driver of long ago": {
			driver(11040, rtx3060), nil, auto, "cpu", "supports CUDA 11.4, and 12 is needed: install driver 525", "", "",
		},
		"a runtime that is not whole": {
			driver(12080, rtx3060), []install.Installed{broken}, auto, "cpu", "is not whole: libcudnn.so.9 is missing",
			"darkroom runtime pull cuda12", "",
		},
		"a card by number": {
			driver(13000, rtx3060, gtx1080), []install.Installed{cuda12, cuda13}, device.Wanted{device.CUDA, 1}, "cuda:1/cuda12",
			"GTX 1080", "", "",
		},
		"a card that is not here": {
			driver(12080, rtx3060), []install.Installed{cuda12}, device.Wanted{device.CUDA, 3}, "", "", "",
			"device cuda:3: there is no such card; here is cuda:0, RTX 3060",
		},
		"a card without a library": {
			driver(12080, rtx3060), nil, first, "", "", "",
			"device cuda:0: the libraries of CUDA are missing: run `darkroom runtime pull cuda12`",
		},
		"a card without library and driver": {
			none, nil, first, "", "", "", "missing, and there is no NVIDIA driver: run `darkroom runtime pull cuda12`",
		},
		"a card where nothing is known of it": { // CUDA has the last word
			none, []install.Installed{cuda12, cuda13}, first, "cuda:0/cuda12", "a card that is not known, with cuda12", "", "",
		},
		"the CPU with a library for GPUs alone": {
			none, []install.Installed{cuda12}, device.Wanted{Kind: device.CPU}, "cpu/cuda12", "as asked for", "", "",
		},
		"nonsense": {none, nil, device.Wanted{Kind: "tpu"}, "", "", "", "want auto, cpu, cuda:N or webgpu"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := device.Machine{GPU: c.gpu, Runtimes: c.runtimes, Platform: "linux/amd64"}
			if !strings.Contains(name, "alone") {
				m.Dirs = []string{filepath.Dir(lib(t))}
			}
			got, err := m.Choose(c.wanted)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("got %v, want %q", err, c.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if s := devices(got); s != c.want || !strings.Contains(got[0].Reason, c.reason) || got[0].Fix != c.fix {
				t.Errorf("got %s, reason %q, fix %q\nwant %s, %q, %q", s, got[0].Reason, got[0].Fix, c.want, c.reason, c.fix)
			}
		})
	}
}

// devices writes choices as "cuda:0/cuda12 cpu".
func devices(all []device.Choice) string {
	var words []string
	for _, c := range all {
		word := c.String()
		if c.Runtime != "" {
			word += "/" + c.Runtime
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// TestChooseTakesTheNamedLibrary: a library that a person names is used, and no other.
func TestChooseTakesTheNamedLibrary(t *testing.T) {
	t.Parallel()
	gpuBuild, cpuBuild := folder(t, true), folder(t, false)
	cuda12 := installed(t, "cuda12", 12)
	m := device.Machine{GPU: driver(12080, rtx3060), Runtimes: []install.Installed{cuda12}, Platform: "linux/amd64"}
	m.Explicit = gpuBuild
	got, err := m.Choose(device.Wanted{Kind: device.Auto})
	if err != nil || devices(got) != "cuda:0" || filepath.Dir(got[0].Library) != gpuBuild {
		t.Errorf("a build for GPUs: got %+v, %v, want cuda:0 with it", got, err)
	}
	m.Explicit = cpuBuild
	got, err = m.Choose(device.Wanted{Kind: device.Auto})
	if err != nil || devices(got) != "cpu" || !strings.Contains(got[0].Reason, "has no CUDA") {
		t.Errorf("a build for the CPU: got %+v, %v, want the CPU and why", got, err)
	}
	if _, err = m.Choose(device.Wanted{Kind: device.CUDA}); err == nil || !strings.Contains(err.Error(), "has no CUDA") {
		t.Errorf("a build for the CPU, and a card that was asked for: got %v", err)
	}
	m.Explicit = filepath.Join(t.TempDir(), "none.so")
	if _, err = m.Choose(device.Wanted{Kind: device.Auto}); err == nil || !strings.Contains(err.Error(), "none.so") {
		t.Errorf("a library that is not there: got %v", err)
	}
}

// TestChooseAll: each device that is asked for gets a choice, the CPU twice if it is asked for twice.
func TestChooseAll(t *testing.T) {
	t.Parallel()
	m := device.Machine{GPU: gpu.Report{Err: gpu.ErrNoDriver}, Dirs: []string{filepath.Dir(lib(t))}}
	got, err := m.ChooseAll([]device.Wanted{{Kind: device.CPU}, {Kind: device.CPU}})
	if err != nil || devices(got) != "cpu cpu" {
		t.Errorf("got %s, %v, want the CPU twice", devices(got), err)
	}
	if _, err := m.ChooseAll([]device.Wanted{{Kind: device.CPU}, {Kind: device.CUDA}}); err == nil {
		t.Error("got no error of a card that cannot be used")
	}
}
