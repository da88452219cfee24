package work

import (
	"context"
	"image"
	"time"

	"darkroom/queue"
)

var onePicture = Made{
	Files:  []Picture{{Name: "1.png", Data: []byte("png"), File: queue.File{Name: "1.png", Seed: 7}}},
	Millis: map[string]int64{"denoise": 9},
}

// Paint takes ten steps.
func (b *bureau) Paint(ctx context.Context, l queue.Lease, progress func(int, func() image.Image)) (Made, error) {
	b.note("paint %s", l.Job.ID)
	b.begin()
	if b.paint != nil {
		return b.paint(ctx, progress)
	}
	return steps(ctx, progress)
}

func steps(ctx context.Context, progress func(int, func() image.Image)) (Made, error) {
	for i := range 10 {
		if ctx.Err() != nil {
			return Made{}, context.Cause(ctx)
		}
		time.Sleep(time.Second)
		progress(10*i+10, nil)
	}
	return onePicture, nil
}

// Look finds nothing.
func (b *bureau) Look(ctx context.Context, j queue.Job) (bool, queue.Outcome, error) {
	b.note("look %s", j.ID)
	b.begin()
	if b.look != nil {
		return b.look(ctx)
	}
	return false, queue.Outcome{}, nil
}

// Progress notes what is shown.
func (b *bureau) Progress(ctx context.Context, _ queue.Job, percent int, _ func() image.Image) error {
	b.mu.Lock()
	b.percent = append(b.percent, percent)
	b.mu.Unlock()
	if b.show != nil {
		return b.show(ctx, percent)
	}
	return nil
}

// Post agrees.
func (b *bureau) Post(ctx context.Context, j queue.Job, _ Made) (queue.Outcome, error) {
	b.note("post %s", j.ID)
	if b.post != nil {
		return b.post(ctx)
	}
	return queue.Outcome{Message: "5", Delivered: "posted"}, nil
}

// Sorry agrees.
func (b *bureau) Sorry(_ context.Context, j queue.Job, _ string) error {
	b.note("sorry %s", j.ID)
	if b.sorry != nil {
		return b.sorry()
	}
	return nil
}

func job(id string) queue.Job {
	return queue.Job{ID: id, Spec: []byte(`{"prompt":"a secret garden"}`), Reply: []byte(`{"token":"hush"}`)}
}

// begin lets beats be answered from now on.
func (b *bureau) begin() {
	if b.begun != nil {
		b.once.Do(func() { close(b.begun) })
	}
}
