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
	"darkroom/queue/work"
	"darkroom/render/picture"
)

// painter paints nothing, in the time a real one would take.
type painter struct {
	step  func(picture.Spec) time.Duration // how long one step of a Spec takes
	chaos float64                          // the chance that painting goes wrong
	tell  func(job string, over bool)      // hears of each beginning and end

	mu   sync.Mutex
	dice *rand.Rand
}

var errBrush = errors.New("the brush broke")

// Paint takes its time.
func (p *painter) Paint(ctx context.Context, l queue.Lease, progress func(int, func() image.Image)) (work.Made, error) {
	spec, err := picture.Decode(l.Job.Spec)
	if err != nil {
		return work.Made{}, work.Final("unreadable", err)
	}
	fate := p.fate()
	began := time.Now()
	p.tell(l.Job.ID, false)
	for step := 1; step <= spec.Steps; step++ {
		select {
		case <-ctx.Done():
			return work.Made{}, context.Cause(ctx)
		case <-time.After(p.step(spec)):
		}
		progress(step*100/spec.Steps, nil)
		if step*2 >= spec.Steps {
			if err := fate(); err != nil {
				return work.Made{}, err
			}
		}
	}
	p.tell(l.Job.ID, true)
	return made(l.Job.ID, spec, time.Since(began)), nil
}

// fate draws how one painting goes.
func (p *painter) fate() func() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.chaos == 0 || p.dice.Float64() >= p.chaos {
		return func() error { return nil }
	}
	switch p.dice.IntN(8) {
	case 0:
		return func() error { return work.Final("this cannot be painted", errBrush) }
	case 1:
		return func() error { panic("the canvas tore") }
	}
	return func() error { return errBrush }
}

// speck is a picture; what it shows is no matter here.
var speck = func() []byte {
	img := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	img.Set(0, 0, color.NRGBA{200, 30, 30, 255})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic("internal error: " + err.Error())
	}
	return b.Bytes()
}()

func made(job string, spec picture.Spec, took time.Duration) work.Made {
	m := work.Made{Millis: map[string]int64{"denoise": took.Milliseconds()}}
	sum := sha256.Sum256(speck)
	for i := range spec.Count {
		name := fmt.Sprintf("%s-%d.png", job, i+1)
		m.Files = append(m.Files, work.Picture{Name: name, Data: speck, File: queue.File{
			Name: name, Seed: spec.Tile(i).Seed, Width: spec.Width, Height: spec.Height, SHA256: hex.EncodeToString(sum[:]),
			PHash: strings.Repeat("0", 16),
		}})
	}
	return m
}
