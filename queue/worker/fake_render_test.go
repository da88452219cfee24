package worker

import (
	"context"
	"image"
	"time"

	"darkroom/queue"
)

var oneImage = Result{
	Images: []Image{{Name: "1.png", Data: []byte("png"), File: queue.File{Name: "1.png", Seed: 7}}},
	Millis: map[string]int64{"denoise": 9},
}

// Render takes ten steps.
func (b *fake) Render(ctx context.Context, l queue.Lease, progress func(int, func() image.Image)) (Result, error) {
	b.record("render %s", l.Job.ID)
	b.begin()
	if b.render != nil {
		return b.render(ctx, progress)
	}
	return tenSteps(ctx, progress)
}

func tenSteps(ctx context.Context, progress func(int, func() image.Image)) (Result, error) {
	for i := range 10 {
		if ctx.Err() != nil {
			return Result{}, context.Cause(ctx)
		}
		time.Sleep(time.Second)
		progress(10*i+10, nil)
	}
	return oneImage, nil
}

// FindPosted finds nothing.
func (b *fake) FindPosted(ctx context.Context, j queue.Job) (bool, queue.Outcome, error) {
	b.record("find %s", j.ID)
	b.begin()
	if b.findPosted != nil {
		return b.findPosted(ctx)
	}
	return false, queue.Outcome{}, nil
}

// Progress records what is shown.
func (b *fake) Progress(ctx context.Context, _ queue.Job, percent int, _ func() image.Image) error {
	b.mu.Lock()
	b.shownPercents = append(b.shownPercents, percent)
	b.mu.Unlock()
	if b.progress != nil {
		return b.progress(ctx, percent)
	}
	return nil
}

// Post succeeds.
func (b *fake) Post(ctx context.Context, j queue.Job, _ Result) (queue.Outcome, error) {
	b.record("post %s", j.ID)
	if b.post != nil {
		return b.post(ctx)
	}
	return queue.Outcome{Message: "5", Delivered: "posted"}, nil
}

// PostFailure succeeds.
func (b *fake) PostFailure(_ context.Context, j queue.Job, _ string) error {
	b.record("post-failure %s", j.ID)
	if b.postFailure != nil {
		return b.postFailure()
	}
	return nil
}

func job(id string) queue.Job {
	return queue.Job{ID: id, Spec: []byte(`{"prompt":"a secret garden"}`), Address: []byte(`{"token":"hush"}`)}
}

// begin lets heartbeats be answered from now on.
func (b *fake) begin() {
	if b.begun != nil {
		b.once.Do(func() { close(b.begun) })
	}
}
