//go:build cgo

package main

import (
	"context"
	"encoding/json"
	"image"
	"image/color"
	"os"
	"strings"
	"time"

	"darkroom/queue/worker"
	"darkroom/render"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// fakeModels is one model that needs no files: it takes stepTime for a step and makes small squares in the seed's
// colour. So a renderer can be started and killed many times a minute. Some words in a prompt make it misbehave.
type fakeModels struct{}

const (
	stepTime = 10 * time.Millisecond

	slowWord  = "patient" // a step takes ten times as long
	hangWord  = "deaf"    // it hangs after a step, and does not hear that it should stop
	crashWord = "fatal"   // it takes the process with it
)

func openFakeModels() modelPool { return fakeModels{} }

func (fakeModels) LoadFirst(context.Context) error { return nil }

func (fakeModels) CLIPHash() string { return "" }

func (fakeModels) Watch(context.Context) {}

func (fakeModels) Close() error { return nil }

func (fakeModels) Models() []worker.Model {
	card := json.RawMessage(`{"name":"brush","sizes":[{"width":64,"height":64}],"samplers":["euler"],"starts":true,` +
		`"multiple":8,"dialect":"diffusers","defaults":{"width":64,"height":64,"steps":3,"guidance":5,"sampler":"euler"}}`)
	return []worker.Model{{Name: "brush", Hash: strings.Repeat("b", 64), Card: card}}
}

func (fakeModels) Addons() []request.AddonCard { return nil }

func (fakeModels) Changed() <-chan struct{} { return nil }

func (b fakeModels) Load(context.Context, string) (worker.Pipeline, error) { return b, nil }

// Loaded says that nothing is loaded, so that no images of it are made.
func (fakeModels) Loaded(string) worker.Pipeline { return nil }

// Render takes its steps and fills each tile with a colour.
func (fakeModels) Render(ctx context.Context, s picture.Spec, job render.Job) (*render.Result, error) {
	switch {
	case strings.Contains(s.Prompt, crashWord):
		os.Exit(9)
	case strings.Contains(s.Prompt, hangWord):
		job.Progress(render.Progress{Step: 1, Steps: s.Steps, Preview: func() *render.Preview { return nil }})
		select {}
	}
	if s.Init != nil {
		if _, err := job.Input(ctx, s.Init.Picture.SHA256); err != nil {
			return nil, err
		}
	}
	step := stepTime
	if strings.Contains(s.Prompt, slowWord) {
		step *= 10
	}
	for i := range s.Steps {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(step): // a step
		}
		job.Progress(render.Progress{Step: i + 1, Steps: s.Steps, Preview: func() *render.Preview { return nil }})
	}
	r := &render.Result{Millis: map[string]int64{render.StageDenoise: int64(s.Steps) * stepTime.Milliseconds()}}
	for i := range s.Count {
		seed := s.Tile(i).Seed
		img := image.NewNRGBA(image.Rect(0, 0, 8, 8))
		for p := range 64 {
			img.Set(p%8, p/8, color.NRGBA{uint8(seed), uint8(seed >> 8), uint8(seed >> 16), 255})
		}
		r.Tiles = append(r.Tiles, render.Tile{Seed: seed, Image: img})
	}
	return r, nil
}
