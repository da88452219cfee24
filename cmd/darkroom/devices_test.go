//go:build cgo

package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"darkroom/config"
	"darkroom/render/device"
	"darkroom/render/gpu"
	"darkroom/render/logtest"
)

func TestSlotNames(t *testing.T) {
	t.Parallel()
	cpu, first := device.Wanted{Kind: device.CPU}, device.Wanted{Kind: device.CUDA}
	second := device.Wanted{Kind: device.CUDA, Index: 1}
	for want, devices := range map[string][]device.Wanted{
		"east":                             {first},
		"east-cuda0 east-cuda1":            {first, second},
		"east-cpu east-cpu-2 east-cuda1":   {cpu, cpu, second},
		"east-cuda0 east-cuda0-2 east-cpu": {first, first, cpu},
	} {
		if got := strings.Join(slotNames("east", devices), " "); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestChosenDevices: with auto, a renderer has a process for each card that can be used, with its slot and its device.
func TestChosenDevices(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	var log logtest.Buffer
	cards := gpu.Report{Driver: "580.65.06", CUDA: 13000, Cards: []gpu.Card{
		{Index: 0, Name: "RTX 3060", Capability: 86}, {Index: 1, Name: "RTX 5090", Capability: 120},
	}}
	s := invocation{
		environment: environment{cards: func() gpu.Report { return cards }},
		log:         newLog(&log, config.Log{Level: "info", Format: "text"}),
	}
	r := config.Runtime{
		Device: config.Devices{{Kind: config.DeviceAuto}}, Runtimes: config.Runtimes{Dir: fakeRuntimes(t, "cuda13", 13)},
	}
	got, err := s.chooseRenderers(r)
	want := []device.Wanted{{Kind: device.CUDA}, {Kind: device.CUDA, Index: 1}}
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %v, %v, want %v", got, err, want)
	}
	for _, line := range []string{
		`on=cuda:0 reason="RTX 3060, with cuda13"`, `on=cuda:1 reason="RTX 5090, with cuda13"`,
	} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("got %s, want %s", log.String(), line)
		}
	}
	cards = gpu.Report{Err: gpu.ErrNoDriver}
	if got, err = s.chooseRenderers(r); err != nil || !slices.Equal(got, []device.Wanted{{Kind: device.CPU}}) {
		t.Errorf("got %v, %v, want the CPU", got, err)
	}
	if !strings.Contains(log.String(), `on=cpu reason="there is no NVIDIA driver"`) {
		t.Errorf("got %s, want to hear why it is the CPU", log.String())
	}
}

// TestSeveralDevices renders with two processes of one renderer, on the CPU: each has its slot, and when one is killed
// the other one's image goes on.
func TestSeveralDevices(t *testing.T) {
	t.Parallel()
	rs := newRequests(newCluster(t, clusterOptions{realModels: true, usualLeases: true}), 2)
	rs.bot()
	p := rs.start("renderer", "renderer", "--threads", "1", "--device", "cpu,cpu", "--slot", "pair")
	rs.waitReady(2)
	q := rs.dialQueue()
	defer q.Close()
	announced, err := q.Renderers(rs.ctx())
	if err != nil {
		t.Fatal(err)
	}
	var slots []string
	for _, r := range announced {
		slots = append(slots, r.Slot+" on "+r.Device)
	}
	slices.Sort(slots)
	if want := []string{"pair-cpu on cpu", "pair-cpu-2 on cpu"}; !slices.Equal(slots, want) {
		t.Errorf("got %q, want %q", slots, want)
	}
	first, second := rs.submitSlow(slowSteps/2), rs.submitSlow(slowSteps/2)
	pids := p.childPIDs(t)
	if len(pids) != 2 {
		t.Fatalf("got processes %v, want two", pids)
	}
	if err := syscall.Kill(pids[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	rs.waitResult(first.Interaction)
	rs.waitResult(second.Interaction)
	rs.waitQueueEmpty()
	rs.wantOneResultEach(first.Interaction, second.Interaction)
	rs.wantDeaths(p, 1)
	if !processRuns(pids[1]) {
		t.Error("the other process ended, too")
	}
}

// childPIDs are the renderer processes that a process has started.
func (p *process) childPIDs(t *testing.T) []int {
	t.Helper()
	var pids []int
	started := regexp.MustCompile(`renderer process started".* pid=(\d+)`)
	for _, m := range started.FindAllStringSubmatch(p.log.String(), -1) {
		pid, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

func TestDoctorTellsCards(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	card := gpu.Card{Name: "NVIDIA GeForce RTX 3060", Total: 12 << 30, Free: 11 << 30, Capability: 86}
	for name, c := range map[string]struct {
		cards gpu.Report
		args  []string
		want  []string
		code  int
	}{
		"without a driver": {
			gpu.Report{Err: gpu.ErrNoDriver}, nil,
			[]string{
				"ok     gpu            there is no NVIDIA driver\n", "ok     device         cpu: there is no NVIDIA driver\n",
			}, exitOK,
		},
		"without a driver, but with a card": {
			gpu.Report{Err: gpu.ErrNoDriver, Unused: 1}, nil,
			[]string{
				"ok     gpu            1 NVIDIA card, and no driver: install NVIDIA's driver to render on it\n",
				"ok     device         cpu: an NVIDIA card is here, but there is no driver for it\n",
			}, exitOK,
		},
		"without a library": {
			gpu.Report{Driver: "570.86.15", CUDA: 12080, Cards: []gpu.Card{card}}, nil,
			[]string{
				"ok     gpu            NVIDIA driver 570.86.15, which supports CUDA up to 12.8\n",
				"ok     gpu            cuda:0, NVIDIA GeForce RTX 3060, 12 GiB of memory, 11 GiB free, compute capability 8.6\n",
				"BROKEN device         cpu: cuda:0, NVIDIA GeForce RTX 3060 is here, but the libraries of CUDA are missing\n",
				"fix: darkroom runtime pull cuda12\n",
			}, exitFailure,
		},
		"without a library, where nobody wants the card": {
			gpu.Report{Driver: "570.86.15", CUDA: 12080, Cards: []gpu.Card{card}}, []string{"--device", "cpu"},
			[]string{"RTX 3060, 12 GiB", "ok     device         cpu: as asked for\n"}, exitOK,
		},
		"a card that was asked for": {
			gpu.Report{Driver: "580.65.06", CUDA: 13000, Cards: []gpu.Card{card}}, []string{"--device", "cuda:0"},
			[]string{
				"BROKEN device         cuda:0: the libraries of CUDA are missing\n", "fix: darkroom runtime pull cuda13\n",
			}, exitFailure,
		},
		"a driver that does not answer": {
			gpu.Report{Driver: "580.65.06", Err: gpu.ErrSilent}, nil,
			[]string{"BROKEN gpu            the NVIDIA driver does not answer", "nvidia-smi"}, exitFailure,
		},
		"a runtime that is not whole": {
			gpu.Report{Err: gpu.ErrNoDriver}, []string{"--runtimes", brokenRuntimes(t)},
			[]string{"BROKEN runtimes", "holds no whole runtime", "fix: darkroom runtime pull cuda12\n"}, exitFailure,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs logtest.Buffer
			code := run(t.Context(), environment{
				args: append([]string{
					"doctor", "--data", filepath.Join(t.TempDir(), "data"), "--listen", "127.0.0.1:0", "--models", t.TempDir(),
				}, c.args...),
				getenv: func(string) string { return "" }, stdout: &out, stderr: &errs,
				cards: func() gpu.Report { return c.cards },
			})
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("got %s%s\nwant %q", out.String(), errs.String(), want)
				}
			}
			if code != c.code {
				t.Errorf("got code %d, want %d: %s%s", code, c.code, out.String(), errs.String())
			}
		})
	}
}

// TestDrawTellsWhyNotTheCard: whoever has a card hears at the shell what is missing.
func TestDrawTellsWhyNotTheCard(t *testing.T) {
	t.Parallel()
	var out logtest.Buffer
	cpu := device.Wanted{Kind: device.CPU}
	tellDevice(&out, device.Choice{Wanted: cpu, Reason: "no library", Fix: "darkroom runtime pull cuda12"})
	tellDevice(&out, device.Choice{Wanted: cpu, Reason: "there is no NVIDIA driver"})
	if want := "note: rendering on cpu: no library (darkroom runtime pull cuda12)\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	_, err := environment{cards: func() gpu.Report { return gpu.Report{Err: gpu.ErrNoDriver} }}.chooseDevice(
		config.Runtime{Device: config.Devices{{Kind: "cuda"}}, Runtimes: config.Runtimes{Dir: t.TempDir()}},
	)
	if no, ok := errors.AsType[*device.CardError](err); !ok || no.Fix != "darkroom runtime pull cuda12" {
		t.Errorf("got %v, want to hear what to pull", err)
	}
}

// fakeRuntimes is a folder of runtimes with one that is whole, and has the library of `make runtime`.
func fakeRuntimes(t *testing.T, name string, cuda int) string {
	t.Helper()
	lib, dir := library(t), t.TempDir()
	place := filepath.Join(dir, name)
	if err := os.Mkdir(place, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(lib, filepath.Join(place, filepath.Base(lib))); err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(map[string]any{"runtime": name, "version": "1.24.3", "cuda": cuda})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(place, "runtime.json"), list, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// brokenRuntimes is a folder with a runtime that has no list of its files.
func brokenRuntimes(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "cuda12"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
