package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// part is something that runs until its context ends, and then puts its things in order and returns.
type component struct {
	name string
	run  func(context.Context) error
}

// serve runs parts beside each other until ctx ends or one of them does, then stops them one after the other, the last
// first: whoever leans on another is stopped before it. It returns why it ended, nil if it was asked to.
func serve(ctx context.Context, log *slog.Logger, parts ...component) error {
	detached := context.WithoutCancel(ctx) // each part has an end of its own
	ended := make(chan struct{}, len(parts))
	var up []*runningComponent
	for _, p := range parts {
		up = append(up, start(detached, p, ended))
	}
	select {
	case <-ctx.Done():
		log.Info("stopping")
	case <-ended:
	}
	var errs []error
	for i := len(up) - 1; i >= 0; i-- {
		if err := up[i].stop(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", up[i].name, err))
		}
		log.Debug("stopped", "part", up[i].name)
	}
	return errors.Join(errs...)
}

// errEndedEarly is the fault of a part that returned although nobody asked it to.
var errEndedEarly = errors.New("ended by itself")

type runningComponent struct {
	component
	cancel context.CancelFunc
	done   chan struct{}
	err    error // readable once done is closed
}

func start(ctx context.Context, p component, ended chan<- struct{}) *runningComponent {
	ctx, cancel := context.WithCancel(ctx)
	r := &runningComponent{component: p, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = p.run(ctx)
		if ctx.Err() == nil && r.err == nil {
			r.err = errEndedEarly
		}
		ended <- struct{}{}
	}()
	return r
}

// stop asks the part to end, waits until it has, and returns what went wrong. That it was stopped is not wrong.
func (r *runningComponent) stop() error {
	r.cancel()
	<-r.done
	if errors.Is(r.err, context.Canceled) {
		return nil
	}
	return r.err
}
