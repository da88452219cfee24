package queue

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestWatch(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		at, err := r.newestEventID(r.ctx, r.db)
		if err != nil {
			r.Fatal(err)
		}
		l := r.mustLease("w", "1-0")
		errStop := errors.New("stop")
		err = r.Watch(r.ctx, at, func(e Event) error { // resumed: earlier events are not repeated
			if e.Kind != JobLeased || e.Job != "1-0" {
				r.Errorf("event %+v, want leased 1-0", e)
			}
			return errStop
		})
		if !errors.Is(err, errStop) {
			r.Errorf("watch: %v, want its function's error", err)
		}
		ctx, cancel := context.WithCancel(r.ctx)
		heard, ended := make(chan Event, 100), make(chan error)
		go func() { ended <- r.Watch(ctx, "", func(e Event) error { heard <- e; return nil }) }()
		for e := (Event{}); e.Percent == 0; { // from now on: wait until it listens
			r.wantVerdict(OK)(r.heartbeat(l, 0))
			r.wantVerdict(OK)(r.heartbeat(l, 1))
			select {
			case e = <-heard:
			case <-time.After(10 * time.Millisecond):
			}
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			r.Errorf("ended with %v, want the context's cause", err)
		}
	})
}

func TestEventStreamIsTrimmed(t *testing.T) {
	onEachBackend(t, Options{MaxEvents: 200}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.mustLease("w", "1-0")
		for i := range 1000 {
			if _, err := r.heartbeat(l, i%100+1); err != nil {
				r.Fatal(err)
			}
		}
		if n := r.db.XLen(r.ctx, r.opts.eventsKey()).Val(); n < 200 || n > 400 {
			r.Errorf("%d events are kept, want about 200", n)
		}
	})
}
