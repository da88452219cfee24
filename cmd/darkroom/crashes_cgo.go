//go:build cgo

package main

import (
	"context"
	"image"
	"log/slog"
	"time"

	"darkroom/queue"
	"darkroom/queue/worker"
)

// maxCrashes is how many times a job may end a process that has the line in its own memory. It is the queue's own limit
// for lost renderers.
const maxCrashes = 2

// recordTimeout is how long writing a count down may take: the picture goes on without it.
const recordTimeout = 5 * time.Second

// crashStore counts paintings that end their process; *store.Store is one.
type crashStore interface {
	RunBegan(ctx context.Context, id string) (bool, error)
	RunSurvived(ctx context.Context, id string) (bool, error)
}

// counted is a painter whose paintings are written down before they begin and taken back when they are over, so that the
// next process knows which one it was that never came back.
type crashCounter struct {
	worker.Renderer
	crashes crashStore
	log     *slog.Logger
}

// batchCrashCounter is counted, of a painter that paints several jobs at once.
type batchCrashCounter struct {
	crashCounter
	worker.BatchRenderer
}

// Paint paints.
func (c batchCrashCounter) Render(ctx context.Context, l queue.Lease, progress func(int, func() image.Image)) (worker.Result, error) {
	return c.crashCounter.Render(ctx, l, progress)
}

// gathering keeps what the painter is: one that paints several jobs at once, or one after the other. All that were under
// way when the process ended are counted, also those that did not end it.
func (c crashCounter) renderer() worker.Renderer {
	if g, ok := c.Renderer.(worker.BatchRenderer); ok {
		return batchCrashCounter{c, g}
	}
	return c
}

// Paint paints.
func (c crashCounter) Render(ctx context.Context, l queue.Lease, progress func(int, func() image.Image)) (worker.Result, error) {
	c.record(ctx, l.Job.ID, c.crashes.RunBegan)
	defer c.record(ctx, l.Job.ID, c.crashes.RunSurvived)
	return c.Renderer.Render(ctx, l, progress)
}

// note writes down what happens to a job, also while the process is being stopped.
func (c crashCounter) record(ctx context.Context, id string, write func(context.Context, string) (bool, error)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if _, err := write(ctx, id); err != nil {
		c.log.Warn("a painting was not counted", "job", id, "error", err)
	}
}
