package onnx

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"darkroom/render/checkpoint"
	"darkroom/render/folder"
	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/tensor"
)

// TestMeasureCheckpoints says what the checkpoints in BENCH_CHECKPOINTS cost, separated by commas and of one shape:
// until the first is ready, a step of its UNet, and the change to the others on a warm session. BENCH_SIDE is the side
// of the latents, 64 if it is not said; BENCH_PACKED packs the weights.
func TestMeasureCheckpoints(t *testing.T) {
	paths := os.Getenv("BENCH_CHECKPOINTS")
	if paths == "" {
		t.Skip("BENCH_CHECKPOINTS names no files")
	}
	openRuntime(t)
	side, err := strconv.Atoi(os.Getenv("BENCH_SIDE"))
	if err != nil {
		side = 64
	}
	device := Device{Kind: CPU, Packed: os.Getenv("BENCH_PACKED") != ""}
	var kept []*Model
	for path := range strings.SplitSeq(paths, ",") {
		began, cpu := time.Now(), processTime()
		say := func(what string) {
			fmt.Printf("%-16s %6.2f s, %6.2f s of CPU time; %s\n", what, time.Since(began).Seconds(),
				(processTime() - cpu).Seconds(), memory())
			began, cpu = time.Now(), processTime()
		}
		f, err := checkpoint.Open(path, folder.Unhashed())
		if err != nil {
			t.Fatal(err)
		}
		say("checked")
		m, err := Load(t.Context(), f, device)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, m)
		say("loaded")
		c := f.Config
		conditioning := tensor.Conditioning{Hidden: draw("unet/hidden", 2, c.TextLength, c.TextWidth)}
		if c.Family.ConditionedOnSize() {
			conditioning.Pooled = draw("unet/pooled", 2, c.PooledWidth)
			conditioning.TimeIDs = tensor.New(2, 6)
		}
		for i := range 4 {
			if _, err := m.Unet(t.Context(), draw("x", 2, 4, side, side), 500, conditioning); err != nil {
				t.Fatal(err)
			}
			say(fmt.Sprintf("guided step %d", i+1))
		}
		addons := Addons{Unet: tensor.Changes{Branches: map[string]tensor.Branch{}}}
		w, err := f.UnetNetwork().Expose(true, graph.WriteOptions{Branches: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range w.Branches {
			addons.Unet.Branches[b.Module] = tensor.Branch{
				Down: tensor.New(b.Down.Dims[0], 32), Up: tensor.New(32, b.Up.Dims[1]),
			}
		}
		say(fmt.Sprintf("%d factors", 2*len(w.Branches)))
		changed, err := m.With(addons)
		if err != nil {
			t.Fatal(err)
		}
		say(fmt.Sprintf("with add-ons, %d inputs", len(w.Weights)+2*len(w.Branches)+len(f.UnetNetwork().Inputs)))
		if _, err := changed.Unet(t.Context(), draw("x", 2, 4, side, side), 500, conditioning); err != nil {
			t.Fatal(err)
		}
		say("step at rank 32")
		measureSwitch(t, m, addons)
		if err := changed.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range kept {
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// measureSwitch says what a combination costs that is put together anew while its factors are in memory.
func measureSwitch(t *testing.T, m *Model, addons Addons) {
	t.Helper()
	const switches = 20
	times := make([]time.Duration, switches)
	for i := range times {
		began := time.Now()
		changed, err := m.With(addons)
		if err != nil {
			t.Fatal(err)
		}
		times[i] = time.Since(began)
		if err := changed.Close(); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(times)
	fmt.Printf("%d switches: %v at least, %v in the middle, %v at most\n", switches, times[0], times[switches/2], times[switches-1])
}

func processTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it cannot fail for the process itself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// memory says how much memory is the process's own, and how much is pages of files, which the system may reclaim.
func memory() string {
	b, _ := os.ReadFile("/proc/self/status") // nothing is said on other systems
	var out []string
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && (f[0] == "RssAnon:" || f[0] == "RssFile:") {
			kib, _ := strconv.Atoi(f[1])
			out = append(out, fmt.Sprintf("%s %d MiB", f[0], kib>>10))
		}
	}
	return strings.Join(out, " ")
}

// BenchmarkManyInputs is what a run costs that computes nothing, by the number of its inputs: a UNet of Stable
// Diffusion 1.5 with all its weights and factors has about 1,200, one of SDXL 3,200.
func BenchmarkManyInputs(b *testing.B) {
	openRuntime(b)
	for _, n := range []int{1, 1200, 3200} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			m := onnxtest.Model{
				Nodes:   []onnxtest.Node{{Op: "Identity", In: []string{"x0"}, Out: []string{"y"}}},
				Outputs: []graph.Value{{Name: "y", Type: graph.Float, Dims: []int{1}}},
			}
			var values []ort.Value
			for i := range n {
				m.Inputs = append(m.Inputs, graph.Value{Name: "x" + strconv.Itoa(i), Type: graph.Float, Dims: []int{1}})
				v, err := ort.NewTensor(ort.NewShape(1), []float32{1})
				if err != nil {
					b.Fatal(err)
				}
				defer func() { _ = v.Destroy() }()
				values = append(values, v)
			}
			s, err := openGraph(m.Encode(), valueNames(m.Inputs), []string{"y"}, "", oneThread, false, true)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Destroy() }()
			y, err := ort.NewTensor(ort.NewShape(1), []float32{0})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = y.Destroy() }()
			for b.Loop() {
				if err := s.Run(values, []ort.Value{y}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
