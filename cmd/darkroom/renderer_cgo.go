//go:build cgo

package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/config"
	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/render/pipeline"
	"darkroom/render/request"
)

// renderer is the subcommand: a renderer alone, in a process of its own that this one supervises. That process runs
// the same subcommand.
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
	r.Start(ctx)
	return serve(ctx, s.log, component{"renderer", r.Run})
}

// renderSupervised renders in this process, and reports how far it got.
func renderSupervised(ctx context.Context, s invocation) (err error) {
	c := s.settings.Renderer
	r := &rendererService{settings: c, log: s.log, ready: s.reportReady}
	r.batchSize = worker.BatchSize(c.Worker.Batch, c.Runtime.Device.Kind == "cpu")
	if r.pool, err = s.openPool(c.Runtime, c.Worker, s.log); err != nil {
		return err
	}
	defer func() { err = closeUnlessHung(r.pool, err) }()
	s.reportOpened(r.announcement())
	if r.queue, err = openQueue(ctx, s.log, c.Redis, c.Leasing); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.queue.Close()) }()
	if err := r.run(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// closeUnlessHung closes a pool, unless a run of a model in it hangs: closing would wait for that.
func closeUnlessHung(p modelPool, err error) error {
	if errors.Is(err, worker.ErrHung) {
		return err
	}
	return errors.Join(err, p.Close())
}

// rendererService is a renderer's process at work.
type rendererService struct {
	settings  config.Renderer
	pool      modelPool
	queue     *queue.Queue
	batchSize int    // jobs that are rendered at once
	ready     func() // called when the first model is loaded
	log       *slog.Logger
}

// run announces the models, loads the first one that can be loaded, so that the first job need not wait for it, and
// works until ctx ends. It announces before it loads: what is asked for meanwhile waits in the queue.
func (r *rendererService) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { worker.Announce(ctx, r.queue, r.announcement, r.pool.Changed(), r.log); return nil })
	g.Go(func() error {
		if err := r.pool.LoadFirst(ctx); err != nil {
			return err
		}
		r.ready()
		now := r.announcement()
		r.log.Info("ready to generate", "slot", now.Slot, "device", now.Device, "models", modelNames(now.Models))
		return r.worker().Run(ctx)
	})
	return g.Wait()
}

func (r *rendererService) worker() worker.Worker {
	l := r.settings.Leasing
	return worker.Worker{
		Queue:    r.queue,
		Renderer: r.renderer(),
		Poster:   rest.NewPoster(rest.NewClient(rest.Options{Base: r.settings.API.Base}), r.queue),
		Options: worker.Options{
			Slot: r.settings.Worker.Slot, Lanes: func() []queue.Lane { return r.announcement().Lanes },
			Addons: func() queue.Addons { return r.announcement().AddonSet() }, Lease: l.Lease,
			Heartbeat: l.Heartbeat, Grace: l.Grace, HangTimeout: l.HangTimeout, MaxBatch: r.batchSize, Log: r.log,
		},
	}
}

func (r *rendererService) renderer() worker.Renderer {
	p := worker.SpecRenderer{
		Load: r.pool.Load, Input: r.queue.Input, FileLimit: fileLimit, Program: "darkroom " + revision(), Log: r.log,
		Reasons: worker.Reasons{
			Unreadable: message.ReasonUnreadableSettings, InputGone: message.ReasonInputGone, TooLarge: message.ReasonTooLarge,
		},
	}
	if r.batchSize > 1 {
		return p.InBatches()
	}
	return p
}

// fileLimit is how large a file may be where an answer goes.
func fileLimit(address json.RawMessage) (int64, error) {
	to, err := message.DecodeAddress(address)
	return to.FileLimit, err
}

// announcement is what the bot is told of this renderer now.
func (r *rendererService) announcement() queue.Renderer {
	return worker.Announcement(
		r.settings.Worker.Slot, r.settings.Runtime.Device.String(), r.batchSize, r.pool.Models(), r.pool.Addons(),
	)
}

// modelPool is the models of a machine, as a renderer uses them.
type modelPool interface {
	offer
	LoadFirst(ctx context.Context) error // loads what the first job is likely to need
	Load(ctx context.Context, modelHash string) (worker.Pipeline, error)
	Close() error
}

// offer is what a machine has on its disk.
type offer interface {
	Models() []worker.Model      // what can be generated with now, the loaded model first
	Addons() []request.AddonCard // what can be used with them
	Changed() <-chan struct{}    // has a value when either has changed; nil for never
}

// poolOpener says how the models of a machine are opened. The zero value opens model folders; tests that need no
// model bring their own.
type poolOpener struct {
	override func() modelPool
}

func (o poolOpener) openPool(r config.Runtime, w config.Worker, log *slog.Logger) (modelPool, error) {
	if o.override != nil {
		return o.override(), nil
	}
	return openONNXPool(r, w, log)
}

// onnxPool is a pool of model folders.
type onnxPool struct{ *pipeline.Pool }

// openONNXPool opens the runtime library and finds the models to offer.
func openONNXPool(r config.Runtime, w config.Worker, log *slog.Logger) (modelPool, error) {
	if err := openRuntime(r); err != nil {
		return nil, err
	}
	folders, faults := pipeline.Directory(r.ModelsDir).OpenAll()
	for _, err := range faults {
		log.Warn("a model is left out", "error", err)
	}
	folders, err := pipeline.Choose(folders, w.Models)
	if err != nil {
		return nil, err
	}
	for _, f := range folders {
		for _, note := range pipeline.Notes(f) {
			log.Warn("a setting of the model is not followed", "model", f.Name, "setting", note)
		}
	}
	if len(folders) == 0 {
		none := errors.New("there is no model to generate with: `darkroom doctor` says what is wrong")
		return nil, errors.Join(append(faults, none)...)
	}
	if err := device(r).Check(); err != nil {
		return nil, err
	}
	return onnxPool{pipeline.NewPool(folders, device(r), log)}, nil
}

// Addons lists no add-ons: none is opened yet.
func (p onnxPool) Addons() []request.AddonCard { return nil }

// Changed never has a value: the folders are read once.
func (p onnxPool) Changed() <-chan struct{} { return nil }

// Load loads a model, unless it is loaded.
func (p onnxPool) Load(ctx context.Context, modelHash string) (worker.Pipeline, error) {
	loaded, err := p.Pool.Load(ctx, modelHash)
	if err != nil {
		return nil, err // a nil *pipeline.Pipeline must not become a worker.Pipeline
	}
	return loaded, nil
}

// Models lists the models, with their cards.
func (p onnxPool) Models() []worker.Model {
	var all []worker.Model
	for _, m := range p.Pool.Models() {
		about := pipeline.Card(m.Model)
		card, err := json.Marshal(about)
		if err != nil {
			panic("internal error: a card must always encode: " + err.Error())
		}
		one := worker.Model{Name: m.Name, Hash: m.Hash, Card: card, Load: m.Load}
		if about.Upscaler != nil {
			one.Parts = []string{about.Upscaler.Hash}
		}
		all = append(all, one)
	}
	return all
}
