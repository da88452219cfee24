package bot_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"sync"
	"time"

	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/render/picture"
)

// fakeRenderer paints small real PNGs of one colour, at once unless it is paused.
type fakeRenderer struct {
	mu         sync.Mutex
	paused     chan struct{} // while not nil, painting waits for it to be closed
	rendered   []picture.Spec
	withInputs int
}

// pause makes painting wait; the returned function lets it go on.
func (b *fakeRenderer) pause() (release func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := make(chan struct{})
	b.paused = c
	return sync.OnceFunc(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.paused = nil
		close(c)
	})
}

func (b *fakeRenderer) specs() []picture.Spec {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]picture.Spec(nil), b.rendered...)
}

// Render paints.
func (b *fakeRenderer) Render(
	ctx context.Context, l queue.Lease, progress func(int, func() image.Image),
) (worker.Result, error) {
	spec, err := picture.Decode(l.Job.Spec)
	if err != nil {
		return worker.Result{}, err
	}
	progress(37, nil)
	b.mu.Lock()
	hold := b.paused
	b.withInputs += len(l.Job.Inputs)
	b.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return worker.Result{}, context.Cause(ctx)
		}
	}
	b.mu.Lock()
	b.rendered = append(b.rendered, spec)
	b.mu.Unlock()
	made := worker.Result{Millis: map[string]int64{"encode": 5, "denoise": 900, "decode": 95}}
	for i := range spec.Count {
		one := spec.Tile(i)
		data := plainPNG(8, uint8(one.Seed))
		sum := sha256.Sum256(data)
		name := fmt.Sprintf("%s-%d.png", l.Job.ID, i+1)
		made.Images = append(made.Images, worker.Image{Name: name, Data: data, File: queue.File{
			Name: name, Seed: one.Seed, Width: spec.Width, Height: spec.Height, SHA256: hex.EncodeToString(sum[:]),
			PHash: strings.Repeat("0", 16),
		}})
	}
	return made, nil
}

func plainPNG(side int, shade uint8) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		img.Set(i%side, i/side, color.NRGBA{shade, 90, 200, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic("internal error: " + err.Error())
	}
	return b.Bytes()
}

// clock can be set forward.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// logBuffer keeps the log for when a test fails.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write keeps a log line.
func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns all lines.
func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
