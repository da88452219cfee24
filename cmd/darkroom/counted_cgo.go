//go:build cgo

package main

import (
	"context"
	"image"
	"log/slog"
	"time"

	"darkroom/queue"
	"darkroom/queue/work"
)

// maxCrashes is how many times a job may end a process that has the line in its own memory. It is the queue's own limit
// for lost renderers.
const maxCrashes = 2

// countFor is how long writing a count down may take: the picture goes on without it.
const countFor = 5 * time.Second

// crashBook counts paintings that end their process; *store.Store is one.
type crashBook interface {
	Begun(ctx context.Context, id string) (bool, error)
	Survived(ctx context.Context, id string) (bool, error)
}

// counted is a painter whose paintings are written down before they begin and taken back when they are over, so that the
// next process knows which one it was that never came back.
type counted struct {
	work.Painter
	book crashBook
	log  *slog.Logger
}

// countedTogether is counted, of a painter that paints several jobs at once.
type countedTogether struct {
	counted
	work.Gatherer
}

// Paint paints.
func (c countedTogether) Paint(ctx context.Context, l queue.Lease, progress func(int, func() image.Image)) (work.Made, error) {
	return c.counted.Paint(ctx, l, progress)
}

// gathering keeps what the painter is: one that paints several jobs at once, or one after the other. All that were under
// way when the process ended are counted, also those that did not end it.
func (c counted) gathering() work.Painter {
	if g, ok := c.Painter.(work.Gatherer); ok {
		return countedTogether{c, g}
	}
	return c
}

// Paint paints.
func (c counted) Paint(ctx context.Context, l queue.Lease, progress func(int, func() image.Image)) (work.Made, error) {
	c.note(ctx, l.Job.ID, c.book.Begun)
	defer c.note(ctx, l.Job.ID, c.book.Survived)
	return c.Painter.Paint(ctx, l, progress)
}

// note writes down what happens to a job, also while the process is being stopped.
func (c counted) note(ctx context.Context, id string, write func(context.Context, string) (bool, error)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countFor)
	defer cancel()
	if _, err := write(ctx, id); err != nil {
		c.log.Warn("a painting was not counted", "job", id, "error", err)
	}
}
