//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"time"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/rest"
	"darkroom/config"
	"darkroom/queue"
	"darkroom/queue/worker"
)

// renderer is the subcommand: a renderer alone, in a process of its own that this one supervises. That process runs the
// same subcommand.
func renderer(ctx context.Context, s invocation) (err error) {
	if s.isSupervised() {
		return renderSupervised(ctx, s)
	}
	q, err := dialQueue(s.settings.Renderer.Redis, s.settings.Renderer.Leasing)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	r := newSupervisor(s, s.settings.Renderer, q)
	r.start(ctx)
	return serve(ctx, s.log, component{"renderer", r.run})
}

// newSupervisor makes a supervisor of a renderer with these settings, which holds its jobs in q.
func newSupervisor(s invocation, c config.Renderer, q *queue.Queue) *supervisor {
	c.Worker.Slot = slot(c.Worker)
	return &supervisor{
		command:     func() (*exec.Cmd, error) { return s.supervisedCommand(s.settings.Log, c) },
		died:        func(ctx context.Context) error { return q.RendererDied(ctx, c.Worker.Slot) },
		stopTimeout: c.Leasing.Grace + c.Leasing.Lease + stopMargin,
		log:         s.log,
	}
}

// stopMargin is what a renderer that stops may take beside the time for its picture: to post it, or to say that it failed,
// and to free the model.
const stopMargin = 30 * time.Second

// renderSupervised renders in this process, and reports how far it got.
func renderSupervised(ctx context.Context, s invocation) (err error) {
	c := s.settings.Renderer
	pool, err := s.openPool(c.Runtime, c.Worker, s.log)
	if err != nil {
		return err
	}
	defer func() { err = closeUnlessHung(pool, err) }()
	announced := pool.announcement()
	s.report(report{Opened: &announced})
	q, err := openQueue(ctx, s.log, c.Redis, c.Leasing)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	r := &rendererService{pool: pool, queue: q, api: c.API, leasing: c.Leasing, slot: slot(c.Worker),
		batchSize: batchSize(c.Worker, c.Runtime.Device), log: s.log, ready: func() { s.report(report{Ready: true}) }}
	if err := r.run(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
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
	host = unsafeInNames.ReplaceAllString(host, "-")
	return fmt.Sprintf("%s-%d", host[:min(len(host), maxHostName)], os.Getpid())
}

// maxHostName is how much of a host's name goes into a slot's: with a process number it is short enough for a name.
const maxHostName = 48

var unsafeInNames = regexp.MustCompile(`[^A-Za-z0-9._-]`)

// rendering is a renderer at work.
type rendererService struct {
	pool      modelPool
	queue     *queue.Queue
	api       config.API
	leasing   config.Leasing
	slot      string
	batchSize int // jobs that are painted at once
	log       *slog.Logger
	ready     func() // called when the first model is loaded
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
		r.ready()
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
	if r.batchSize > 1 {
		p.slots = &batchSlots{}
		return batchJobRenderer{p, p.slots}
	}
	return p
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
