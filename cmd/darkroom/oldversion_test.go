//go:build cgo && linux

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
)

// BenchmarkAgainstOldVersion runs the program of oldCommit and this one in turns, each with the demo model on an empty
// data folder, and gives the medians of this one and their ratios to the old one's, and the ratios of the least values,
// which other programs on the machine disturb less:
//
//	go test -run '^$' -bench AgainstOldVersion -benchtime 12x ./cmd/darkroom
func BenchmarkAgainstOldVersion(b *testing.B) {
	binaries := map[string]string{"old": filepath.Join(b.TempDir(), "old"), "new": filepath.Join(b.TempDir(), "new")}
	for version, sources := range map[string]string{"old": oldSources(b), "new": "../.."} {
		if err := runCommand(b, sources, "go", "build", "-o", binaries[version], "./cmd/darkroom"); err != nil {
			b.Fatal(err)
		}
	}
	found := map[string]map[string][]float64{"old": {}, "new": {}}
	b.ResetTimer()
	for i := range b.N {
		order := []string{"old", "new"}
		if i%2 == 1 {
			slices.Reverse(order)
		}
		runs := map[string]*versionRun{}
		for _, version := range order {
			v := &versionRun{b: b, binary: binaries[version], found: found[version]}
			v.draw()
			v.up()
			runs[version] = v
		}
		for range imagesAsked { // in turns, so that whatever else the machine does disturbs both
			for _, version := range order {
				runs[version].imagine("acknowledged-ms")
			}
		}
		for _, version := range order {
			runs[version].end()
		}
	}
	for what, values := range found["new"] {
		now, before := median(values), median(found["old"][what])
		b.ReportMetric(now, what)
		b.ReportMetric(now/before, what+"/old")
		b.ReportMetric(slices.Min(values)/slices.Min(found["old"][what]), what+"-least/old")
	}
	b.ReportMetric(0, "ns/op")
}

// imagesAsked is how many images each version is asked for, one after the other.
const imagesAsked = 20

// versionRun measures one version once.
type versionRun struct {
	b       *testing.B
	binary  string
	found   map[string][]float64
	cluster *cluster
	process *process
}

func (v *versionRun) note(what string, x float64) { v.found[what] = append(v.found[what], x) }

func (v *versionRun) noteSince(what string, from time.Time) {
	v.note(what, float64(time.Since(from).Microseconds())/1000)
}

// draw measures an image at the shell.
func (v *versionRun) draw() {
	cmd := exec.CommandContext(v.b.Context(), v.binary, "draw", "a red boat on a blue sea", "--seed", "7",
		"--out", filepath.Join(v.b.TempDir(), "boat.png"))
	cmd.Env = append(os.Environ(), "ONNXRUNTIME_LIB="+library(v.b))
	from := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		v.b.Fatalf("draw: %v: %s", err, out)
	}
	v.noteSince("draw-ms", from)
}

// up measures the start of the whole program, until a person has an image.
func (v *versionRun) up() {
	cl := newCluster(v.b, clusterOptions{realModels: true})
	cl.Rules().Allow("unanswered")
	from := time.Now()
	v.cluster = cl
	v.process = cl.startCommand("up", exec.Command(v.binary, "up", "--data", cl.data, "--discord-api", cl.API()),
		childProgram)
	if err := cl.Wait(cl.ctx(), cl.Gateway.Online); err != nil {
		v.b.Fatal(err)
	}
	v.noteSince("online-ms", from)
	for !v.imagine("") {
		time.Sleep(50 * time.Millisecond) // the renderer announces itself without a signal to us
	}
	v.noteSince("first-image-ms", from)
}

// end measures the memory of all processes, and ends them.
func (v *versionRun) end() {
	v.note("PSS-MB", v.memory(v.process.cmd.Process.Pid))
	v.process.kill()
}

// imagine asks for an image and waits for it. It returns whether one came.
func (v *versionRun) imagine(note string) bool {
	cl, from := v.cluster, time.Now()
	i, err := cl.Command(cl.home.Member.ID, cl.home.Channel.ID, "imagine",
		sandbox.With("prompt", "a red boat on a blue sea"), sandbox.With("count", 1))
	if err != nil {
		return false // the command is not registered yet
	}
	if _, err := cl.WaitAnswer(cl.ctx(), i.ID); err != nil {
		v.b.Fatal(err)
	}
	if note != "" {
		v.noteSince(note, from)
	}
	m, err := cl.WaitReply(cl.ctx(), i.ID, func(m sandbox.Message) bool {
		return resultOf(m) != "" || strings.Contains(m.Text(), "renderer")
	})
	if err != nil {
		v.b.Fatalf("no image came: %v; the message says %q", err, m.Text())
	}
	return resultOf(m) != ""
}

// memory is the memory of a process group in MB; what processes share is counted once.
func (v *versionRun) memory(group int) float64 {
	sum := 0
	files, _ := filepath.Glob("/proc/[0-9]*/smaps_rollup")
	for _, file := range files {
		stat, err := os.ReadFile(filepath.Join(filepath.Dir(file), "stat"))
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := bytes.Cut(stat, []byte(") "))
		if fields := bytes.Fields(rest); len(fields) < 3 || string(fields[2]) != strconv.Itoa(group) {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			v.b.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			kB := 0
			if _, err := fmt.Sscanf(line, "Pss: %d kB", &kB); err == nil {
				sum += kB
			}
		}
	}
	return float64(sum) / 1000
}

func median(values []float64) float64 {
	sorted := slices.SortedFunc(slices.Values(values), cmp.Compare[float64])
	return sorted[len(sorted)/2]
}
