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

	"darkroom/bot/rest"
	"darkroom/config"
	"darkroom/queue"
	"darkroom/queue/worker"
)

// renderer is the subcommand: a renderer alone.
func renderer(ctx context.Context, s invocation) (err error) {
	c := s.settings.Renderer
	pool, err := s.openPool(c.Runtime, c.Worker, s.log)
	if err != nil {
		return err
	}
	defer func() { err = closeUnlessHung(pool, err) }()
	q, err := openQueue(ctx, s.log, c.Redis, c.Leasing)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	r := &rendererService{pool: pool, queue: q, api: c.API, leasing: c.Leasing, slot: slot(c.Worker), batchSize: batchSize(c.Worker, c.Runtime.Device), log: s.log}
	return serve(ctx, s.log, component{"renderer", r.run})
}

// leave closes an atelier, unless somebody hangs in it: closing would wait for them.
func closeUnlessHung(a modelPool, err error) error {
	if errors.Is(err, worker.ErrHung) {
		return err
	}
	return errors.Join(err, a.Close())
}

// slot is a renderer's name in the line: two at once must not share it.
func slot(o config.Worker) string {
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
type rendererService struct {
	pool      modelPool
	queue     *queue.Queue
	api       config.API
	leasing   config.Leasing
	slot      string
	batchSize int // jobs that are painted at once
	log       *slog.Logger
	crashes   crashStore // nil when the queue outlives this process, and counts
}

// run says what can be painted, loads the first model that can be loaded, so that the first picture need not wait for it,
// and paints until ctx ends. It says so before it loads: what is asked for meanwhile waits in line.
func (r *rendererService) run(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { r.announce(gctx); return nil })
	g.Go(func() error {
		if err := r.pool.loadFirst(gctx, r.log); err != nil {
			return err
		}
		o := r.announcement()
		r.log.Info("ready to paint", "slot", o.Slot, "device", o.Device, "models", modelNameList(o.Models))
		return r.worker().Run(gctx)
	})
	return g.Wait()
}

func (r *rendererService) worker() worker.Worker {
	return worker.Worker{
		Queue:    r.queue,
		Renderer: r.jobRenderer(),
		Poster:   rest.NewPoster(rest.NewClient(rest.Options{Base: r.api.Base}), r.queue),
		Options: worker.Options{
			Slot: r.slot, Lanes: r.lanes, Lease: r.leasing.Lease, Heartbeat: r.leasing.Heartbeat, Grace: r.leasing.Grace, HangTimeout: r.leasing.HangTimeout,
			MaxBatch: r.batchSize,
			Log:      r.log,
		},
	}
}

func (r *rendererService) jobRenderer() worker.Renderer {
	p := jobRenderer{load: r.pool.load, input: r.queue.Input, program: "darkroom " + revision(), log: r.log}
	var all worker.Renderer = p
	if r.batchSize > 1 {
		p.slots = &batchSlots{}
		all = batchJobRenderer{p, p.slots}
	}
	if r.crashes == nil {
		return all
	}
	return crashCounter{all, r.crashes, r.log}.renderer()
}

// lanes lists what can be painted now, the loaded model first.
func (r *rendererService) lanes() []queue.Lane { return r.pool.announcement().Lanes }

func modelNameList(models []queue.Model) []string {
	var all []string
	for _, m := range models {
		all = append(all, m.Name)
	}
	return all
}

const (
	announceInterval = 3 * time.Second
	announceTTL      = 15 * time.Second // a renderer that was not heard of for so long offers nothing
	withdrawTimeout  = 2 * time.Second
)

// announce says what can be painted, again and again, and takes it back at the end.
func (r *rendererService) announce(ctx context.Context) {
	quiet := false
	tick := time.NewTicker(announceInterval)
	defer tick.Stop()
	for {
		err := r.queue.Announce(ctx, r.announcement(), announceTTL)
		if err != nil && !quiet && ctx.Err() == nil {
			r.log.Warn("the bot does not hear what can be painted", "error", err)
		}
		quiet = err != nil
		select {
		case <-tick.C:
			continue
		case <-ctx.Done():
		}
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), withdrawTimeout)
		defer cancel()
		if err := r.queue.Withdraw(last, r.slot); err != nil {
			r.log.Debug("the offer was not taken back", "error", err) // it is forgotten soon
		}
		return
	}
}

// offer is what the bot is told of this renderer.
func (r *rendererService) announcement() queue.Renderer {
	o := r.pool.announcement()
	o.Slot, o.MaxBatch = r.slot, r.batchSize
	return o
}
