package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
)

// component is something that runs until its context ends, cleans up and returns.
type component struct {
	name string
	run  func(context.Context) error
}

// serve runs components side by side until ctx ends or one of them does. Then it stops them one after the other, the
// last first, so that each stops before what it depends on. It returns why it ended, nil if it was asked to.
func serve(ctx context.Context, log *slog.Logger, components ...component) error {
	detached := context.WithoutCancel(ctx) // each component is stopped on its own
	ended := make(chan struct{}, len(components))
	var up []*runningComponent
	for _, p := range components {
		up = append(up, start(detached, p, ended))
	}
	select {
	case <-ctx.Done():
		log.Info("stopping")
	case <-ended:
	}
	var errs []error
	for _, u := range slices.Backward(up) {
		if err := u.stop(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", u.name, err))
		}
		log.Debug("stopped", "component", u.name)
	}
	return errors.Join(errs...)
}

// errEndedEarly is the error of a component that returned although nobody stopped it.
var errEndedEarly = errors.New("ended although nobody stopped it")

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

// stop stops the component, waits for its end, and returns its error. That it was stopped is no error.
func (r *runningComponent) stop() error {
	r.cancel()
	<-r.done
	if errors.Is(r.err, context.Canceled) {
		return nil
	}
	return r.err
}
