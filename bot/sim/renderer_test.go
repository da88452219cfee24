package sim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/render/picture"
)

// fakeRenderer takes the time of a real renderer and returns tiny pictures.
type fakeRenderer struct {
	stepTime    func(picture.Spec) time.Duration // how long one step of a Spec takes
	failureRate float64                          // the probability that a render fails
	onRender    func(job string, over bool)      // called when a render starts, and when it is over
	addon       func(hash string) error          // why the renderer does not have an add-on; nil if it has it

	mu  sync.Mutex
	rng *rand.Rand
}

var errRender = errors.New("simulated render error")

// Render implements worker.Renderer.
func (r *fakeRenderer) Render(
	ctx context.Context, l queue.Lease, progress func(int, func() image.Image),
) (worker.Result, error) {
	spec, err := picture.Decode(l.Job.Spec)
	if err != nil {
		return worker.Result{}, worker.Final("unreadable", err)
	}
	for _, a := range spec.Addons {
		if err := r.addon(a.Hash); err != nil { // its list changed since the job was leased
			return worker.Result{}, worker.Final("the LoRA is not here any more", err)
		}
	}
	outcome := r.drawOutcome()
	began := time.Now()
	r.onRender(l.Job.ID, false)
	for step := 1; step <= spec.Steps; step++ {
		select {
		case <-ctx.Done():
			return worker.Result{}, context.Cause(ctx)
		case <-time.After(r.stepTime(spec)):
		}
		progress(step*100/spec.Steps, nil)
		if step*2 >= spec.Steps {
			if err := outcome(); err != nil {
				return worker.Result{}, err
			}
		}
	}
	r.onRender(l.Job.ID, true)
	return result(l.Job.ID, spec, time.Since(began)), nil
}

// drawOutcome draws how a render ends: it returns a function that returns the error, or panics.
func (r *fakeRenderer) drawOutcome() func() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failureRate == 0 || r.rng.Float64() >= r.failureRate {
		return func() error { return nil }
	}
	switch r.rng.IntN(8) {
	case 0:
		return func() error { return worker.Final("this cannot be rendered", errRender) }
	case 1:
		return func() error { panic("simulated crash of a render") }
	}
	return func() error { return errRender }
}

// onePixelPNG is the picture that every render returns.
var onePixelPNG = func() []byte {
	img := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	img.Set(0, 0, color.NRGBA{200, 30, 30, 255})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic("internal error: " + err.Error())
	}
	return b.Bytes()
}()

func result(job string, spec picture.Spec, took time.Duration) worker.Result {
	m := worker.Result{Millis: map[string]int64{"denoise": took.Milliseconds()}}
	sum := sha256.Sum256(onePixelPNG)
	for i := range spec.Count {
		name := fmt.Sprintf("%s-%d.png", job, i+1)
		m.Images = append(m.Images, worker.Image{Name: name, Data: onePixelPNG, File: queue.File{
			Name: name, Seed: spec.Tile(i).Seed, Width: spec.Width, Height: spec.Height, SHA256: hex.EncodeToString(sum[:]),
			PHash: strings.Repeat("0", 16),
		}})
	}
	return m
}
