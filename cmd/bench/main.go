// Command bench renders with a model folder again and again, as a renderer with a loaded model does, and prints how
// long each image took: from its Spec to an encoded PNG, and how much of that was spent in ONNX Runtime.
// render/bench/compare.py runs it beside other programs.
//
//	bench --model DIR [--steps 2] [--size 512] [--paints 3] [--threads 0] [--prefer steps|start] [--device cpu]
//	      [--batch 1] [--narrow]
//
// It prints "ready" when the model is loaded, and one JSON object for each image.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"darkroom/render"
	"darkroom/render/encode"
	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	model, ort, prefer, device, sampler          string
	steps, width, height, rounds, threads, batch int
	guidance                                     float64
	narrow                                       bool
	graphs                                       string
}

func parse(args []string) (settings, error) {
	var s settings
	var size string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&s.model, "model", "", "model folder")
	f.StringVar(&s.ort, "ort", "", "ONNX Runtime library")
	f.StringVar(&s.prefer, "prefer", "steps", "steps or start, as of darkroom")
	f.StringVar(&s.device, "device", "cpu", "cpu or cuda:N")
	f.StringVar(&s.sampler, "sampler", "ddim", "sampler of diffusers' dialect")
	f.StringVar(&size, "size", "512", "sides in pixels: 512, or 640x512")
	f.IntVar(&s.steps, "steps", 2, "steps")
	f.IntVar(&s.rounds, "paints", 3, "images, one after the other")
	f.IntVar(&s.threads, "threads", 0, "threads on the CPU; 0 is one per core")
	f.IntVar(&s.batch, "batch", 1, "images rendered at once")
	f.Float64Var(&s.guidance, "guidance", 7.5, "guidance scale")
	f.BoolVar(&s.narrow, "narrow", false, "leave float16 networks in float16 on the CPU")
	f.StringVar(&s.graphs, "graphs", "", "write a checkpoint's networks, as they are for a GPU, into this folder, and end")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	width, height, both := strings.Cut(size, "x")
	if !both {
		height = width
	}
	var err1, err2 error
	s.width, err1 = strconv.Atoi(width)
	s.height, err2 = strconv.Atoi(height)
	if err1 != nil || err2 != nil || s.model == "" {
		return s, fmt.Errorf("want --model and a size such as 512 or 640x512, got %q and %q", s.model, size)
	}
	return s, nil
}

func (s settings) onnxDevice() onnx.Device {
	d := onnx.Device{Kind: s.device, Threads: s.threads, Mapped: s.prefer == "start", KeepFloat16: s.narrow}
	if kind, index, ok := strings.Cut(s.device, ":"); ok {
		d.Kind = kind
		d.Index, _ = strconv.Atoi(index) // an unknown device is refused by its name later
	}
	return d
}

func run(ctx context.Context, args []string, out io.Writer) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	if s.graphs != "" {
		return s.writeGraphs()
	}
	lib, err := onnx.FindLibrary(s.ort)
	if err != nil {
		return err
	}
	if err := onnx.Open(lib); err != nil {
		return err
	}
	// As in darkroom itself, a folder is hashed only once.
	folder, err := pipeline.Open(s.model, folder.Cached(filepath.Join(os.TempDir(), "darkroom-bench-hashes.json")))
	if err != nil {
		return err
	}
	e, err := pipeline.Load(ctx, folder, s.onnxDevice(), nil)
	if err != nil {
		return err
	}
	defer e.Close()
	fmt.Fprintln(out, "ready")
	for range s.rounds {
		p, err := s.renderRound(ctx, e)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(out).Encode(p); err != nil {
			return err
		}
	}
	return nil
}

// roundCost is how long one round took, in seconds.
type roundCost struct {
	Seconds float64          `json:"seconds"` // from Spec to PNG, for all images of the round
	Ran     float64          `json:"ran"`     // of that inside ONNX Runtime
	Millis  map[string]int64 `json:"millis"`
	Bytes   int              `json:"bytes"`
}

// renderRound renders as many images at once as the batch says.
func (s settings) renderRound(ctx context.Context, e *pipeline.Pipeline) (roundCost, error) {
	began, ran := time.Now(), e.Model.Ran()
	members, results, errs := render.NewBatch(s.batch), make([]roundCost, s.batch), make([]error, s.batch)
	if s.batch == 1 {
		members[0] = nil
	}
	var wg sync.WaitGroup
	for i := range s.batch {
		wg.Go(func() { results[i], errs[i] = s.renderOne(ctx, e, int64(i), members[i]) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return roundCost{}, err
		}
	}
	p := results[0]
	p.Seconds, p.Ran = time.Since(began).Seconds(), (e.Model.Ran() - ran).Seconds()
	return p, nil
}

func (s settings) renderOne(
	ctx context.Context, e *pipeline.Pipeline, seed int64, member *render.BatchMember,
) (roundCost, error) {
	spec := picture.Spec{
		Version: picture.Version, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
		Model:  picture.Ref{Name: e.Folder.Name, Hash: e.Folder.Hash},
		Prompt: "a red boat on a lake at night", Negative: "blurry", Width: s.width, Height: s.height, Seed: seed, Count: 1,
		Steps: s.steps, GuidanceScale: s.guidance, Sampler: s.sampler,
	}
	result, err := e.Render(ctx, spec, render.Job{BatchMember: member})
	if err != nil {
		return roundCost{}, err
	}
	png, err := encode.PNG(result.Tiles[0].Image, encode.FormatParameters(spec, encode.Extra{Version: "bench"}))
	return roundCost{Millis: result.Millis, Bytes: len(png)}, err
}
