//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/reply"
	"darkroom/config"
	"darkroom/queue"
	"darkroom/queue/work"
)

// renderer is the subcommand: a renderer alone.
func renderer(ctx context.Context, s shop) (err error) {
	c := s.settings.Renderer
	st, err := s.open(c.Runtime, c.Offer, s.log)
	if err != nil {
		return err
	}
	defer func() { err = leave(st, err) }()
	q, err := openQueue(ctx, s.log, c.Redis, c.Line)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	r := &rendering{atelier: st, queue: q, api: c.API, line: c.Line, slot: slot(c.Offer), batch: batch(c.Offer, c.Runtime.Device), log: s.log}
	return serve(ctx, s.log, part{"renderer", r.run})
}

// leave closes an atelier, unless somebody hangs in it: closing would wait for them.
func leave(a atelier, err error) error {
	if errors.Is(err, work.ErrHung) {
		return err
	}
	return errors.Join(err, a.Close())
}

// slot is a renderer's name in the line: two at once must not share it.
func slot(o config.Offer) string {
	if o.Slot != "" {
		return o.Slot
	}
	host, err := os.Hostname()
	if err != nil {
		host = "renderer"
	}
	return fmt.Sprintf("%s-%d", host, os.Getpid())
}

// rendering is a renderer at work.
type rendering struct {
	atelier atelier
	queue   *queue.Queue
	api     config.API
	line    config.Line
	slot    string
	batch   int // jobs that are painted at once
	log     *slog.Logger
	book    crashBook // nil when the queue outlives this process, and counts
}

// run says what can be painted, loads the first model that can be loaded, so that the first picture need not wait for it,
// and paints until ctx ends. It says so before it loads: what is asked for meanwhile waits in line.
func (r *rendering) run(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { r.announce(gctx); return nil })
	g.Go(func() error {
		if err := r.atelier.first(gctx, r.log); err != nil {
			return err
		}
		o := r.offer()
		r.log.Info("ready to paint", "slot", o.Slot, "device", o.Device, "models", titles(o.Models))
		return r.bench().Run(gctx)
	})
	return g.Wait()
}

func (r *rendering) bench() work.Bench {
	return work.Bench{
		Queue: r.queue,
		Paint: r.painter(),
		Post:  reply.NewPoster(reply.NewClient(reply.Options{Base: r.api.Base}), r.queue),
		Options: work.Options{
			Slot: r.slot, Lanes: r.lanes, Lease: r.line.Lease, Beat: r.line.Beat, Grace: r.line.Grace, Hang: r.line.Hang,
			Batch: r.batch,
			Log:   r.log,
		},
	}
}

func (r *rendering) painter() work.Painter {
	p := painter{artist: r.atelier.artist, input: r.queue.Input, signed: "darkroom " + revision(), log: r.log}
	var all work.Painter = p
	if r.batch > 1 {
		p.seats = &seating{}
		all = together{p, p.seats}
	}
	if r.book == nil {
		return all
	}
	return counted{all, r.book, r.log}.gathering()
}

// lanes lists what can be painted now, the loaded model first.
func (r *rendering) lanes() []queue.Lane { return r.atelier.offer().Lanes }

func titles(models []queue.Model) []string {
	var all []string
	for _, m := range models {
		all = append(all, m.Name)
	}
	return all
}

const (
	announceEvery = 3 * time.Second
	announceFor   = 15 * time.Second // a renderer that was not heard of for so long offers nothing
	withdrawIn    = 2 * time.Second
)

// announce says what can be painted, again and again, and takes it back at the end.
func (r *rendering) announce(ctx context.Context) {
	quiet := false
	tick := time.NewTicker(announceEvery)
	defer tick.Stop()
	for {
		err := r.queue.Announce(ctx, r.offer(), announceFor)
		if err != nil && !quiet && ctx.Err() == nil {
			r.log.Warn("the bot does not hear what can be painted", "error", err)
		}
		quiet = err != nil
		select {
		case <-tick.C:
			continue
		case <-ctx.Done():
		}
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), withdrawIn)
		defer cancel()
		if err := r.queue.Withdraw(last, r.slot); err != nil {
			r.log.Debug("the offer was not taken back", "error", err) // it is forgotten soon
		}
		return
	}
}

// offer is what the bot is told of this renderer.
func (r *rendering) offer() queue.Renderer {
	o := r.atelier.offer()
	o.Slot, o.Batch = r.slot, r.batch
	return o
}
