package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// part is something that runs until its context ends, and then puts its things in order and returns.
type part struct {
	name string
	run  func(context.Context) error
}

// serve runs parts beside each other until ctx ends or one of them does, then stops them one after the other, the last
// first: whoever leans on another is stopped before it. It returns why it ended, nil if it was asked to.
func serve(ctx context.Context, log *slog.Logger, parts ...part) error {
	life := context.WithoutCancel(ctx) // each part has an end of its own
	ended := make(chan struct{}, len(parts))
	var up []*running
	for _, p := range parts {
		up = append(up, start(life, p, ended))
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

// errEnded is the fault of a part that returned although nobody asked it to.
var errEnded = errors.New("ended by itself")

type running struct {
	part
	cancel context.CancelFunc
	done   chan struct{}
	err    error // readable once done is closed
}

func start(ctx context.Context, p part, ended chan<- struct{}) *running {
	ctx, cancel := context.WithCancel(ctx)
	r := &running{part: p, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = p.run(ctx)
		if ctx.Err() == nil && r.err == nil {
			r.err = errEnded
		}
		ended <- struct{}{}
	}()
	return r
}

// stop asks the part to end, waits until it has, and returns what went wrong. That it was stopped is not wrong.
func (r *running) stop() error {
	r.cancel()
	<-r.done
	if errors.Is(r.err, context.Canceled) {
		return nil
	}
	return r.err
}
