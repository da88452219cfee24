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
	"darkroom/render/device"
	"darkroom/render/filehash"
	"darkroom/render/inventory"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/request"
	"darkroom/render/similarity"
)

// renderer is the subcommand: a renderer alone, with a process of its own for each device, which this one supervises.
// Such a process runs the same subcommand.
func renderer(ctx context.Context, s invocation) (err error) {
	if err := loadLanguages(s.settings.Renderer.Languages); err != nil {
		return err
	}
	if s.isSupervised() {
		return renderSupervised(ctx, s)
	}
	q, err := dialQueue(s.settings.Renderer.Redis, s.settings.Renderer.Leasing)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	r, err := s.newRenderers(s.settings.Renderer, q)
	if err != nil {
		return err
	}
	r.Start(ctx)
	return serve(ctx, s.log, component{"renderer", r.Run})
}

// renderSupervised renders in this process, and reports how far it got.
func renderSupervised(ctx context.Context, s invocation) (err error) {
	c := s.settings.Renderer
	r := &rendererService{settings: c, log: s.log, ready: s.reportReady}
	var choice device.Choice
	if r.pool, choice, err = s.openPool(ctx, c, s.log, s.reportReads); err != nil {
		return err
	}
	r.device = choice.Wanted
	r.batchSize = worker.BatchSize(c.Worker.Batch, r.device.Kind == device.CPU)
	defer func() { err = closeUnlessHung(r.pool, err) }()
	r.showcases = r.openShowcases()
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
	device    device.Wanted
	showcases *showcases
	batchSize int    // jobs that are rendered at once
	ready     func() // called when the first model is loaded
	log       *slog.Logger
}

// run announces the models, loads the first one that can be loaded, so that the first job need not wait for it, and
// works until ctx ends. It announces before it loads: what is asked for meanwhile waits in the queue.
func (r *rendererService) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { worker.Announce(ctx, r.queue, r.announcement, r.pool.Changed(), r.log); return nil })
	g.Go(func() error { r.pool.Watch(ctx); return nil })
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
			Heartbeat: l.Heartbeat, Grace: l.Grace, HangTimeout: l.HangTimeout, MaxBatch: r.batchSize, Idle: r.idle(),
			Log: r.log,
		},
	}
}

func (r *rendererService) renderer() worker.Renderer {
	p := worker.SpecRenderer{
		Load: r.pool.Load, Input: r.queue.Input, FileLimit: fileLimit, Program: "darkroom " + revision(), Log: r.log,
		Short: func(sha256 string) string { return request.Available{Addons: r.pool.Addons()}.Short(sha256) },
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
	a := worker.Announcement(
		r.settings.Worker.Slot, r.device.String(), r.batchSize, r.pool.Models(), r.pool.Addons(),
	)
	a.CLIP = r.pool.CLIPHash()
	r.showcases.addTo(&a)
	return a
}

// modelPool is the models of a machine, as a renderer uses them.
type modelPool interface {
	modelList
	LoadFirst(ctx context.Context) error // loads what the first job is likely to need
	Load(ctx context.Context, modelHash string) (worker.Pipeline, error)
	Loaded(modelHash string) worker.Pipeline // nil for one that is not loaded
	Close() error
}

// modelList is what can be generated with now.
type modelList interface {
	Models() []worker.Model      // the loaded ones first
	Addons() []request.AddonCard // what can be used with them
	CLIPHash() string            // of what compares images with texts; empty for none
	Changed() <-chan struct{}    // has a value when either has changed; nil for never
	Watch(ctx context.Context)   // keeps both up to date until ctx ends
}

// poolOpener says how the models of a machine are opened. The zero value opens model folders; tests that need no
// model bring their own.
type poolOpener struct {
	override func() modelPool
}

// openPool opens them on the device that the settings choose.
func (e environment) openPool(
	ctx context.Context, c config.Renderer, log *slog.Logger, using func([]filehash.File),
) (modelPool, device.Choice, error) {
	if e.override != nil {
		return e.override(), device.Choice{Wanted: device.Wanted{Kind: device.CPU}}, nil
	}
	choice, err := e.chooseDevice(c.Runtime)
	if err != nil {
		return nil, choice, err
	}
	pool, err := openONNXPool(ctx, choice, c, log, &filesInUse{tell: using})
	return pool, choice, err
}

// onnxPool is a pool of the models of an inventory.
type onnxPool struct {
	*pipeline.Pool
	inventory *inventory.Inventory
	files     *filesInUse
}

// openONNXPool opens the runtime library and finds the models to offer.
func openONNXPool(
	ctx context.Context, on device.Choice, c config.Renderer, log *slog.Logger, files *filesInUse,
) (modelPool, error) {
	r := c.Runtime
	if err := onnx.Open(on.Library); err != nil {
		return nil, err
	}
	checkers, err := pipeline.OpenCheckers(r.Safety)
	if err != nil {
		return nil, err
	}
	d := onnxDevice(r, on.Wanted)
	if isMissingModels(r.ModelsDir) {
		log.Warn("the models folder does not exist", "path", r.ModelsDir)
	}
	found, err := pipeline.Directory(r.ModelsDir).Inventory(log)
	if err != nil {
		return nil, err
	}
	chosen := pipeline.Chosen{Inventory: found, Names: c.Worker.Models}
	if err := chosen.Prepare(ctx); err != nil {
		return nil, err
	}
	if len(chosen.Models()) == 0 {
		none := errors.New("there is no model to generate with: `darkroom doctor` says what is wrong")
		return nil, errors.Join(append(found.Faults(), none)...)
	}
	if err := tryDevice(d); err != nil {
		return nil, err
	}
	clip, err := openCLIP(c, log)
	if err != nil {
		return nil, err
	}
	pool := pipeline.NewPool(pipeline.PoolOptions{
		Source: chosen, Addons: pipeline.InventoryAddons{Inventory: found, Using: files.use}, Device: d,
		Checkers: checkers, CLIP: clip, Memory: int64(r.Memory), Log: log,
	})
	return onnxPool{pool, found, files}, nil
}

// openCLIP opens what compares images with texts, without loading it.
func openCLIP(c config.Renderer, log *slog.Logger) (*similarity.Model, error) {
	clip, err := pipeline.Directory(c.Runtime.ModelsDir).OpenCLIP(c.CLIP.Path, nil)
	if err != nil {
		return nil, err
	}
	for _, note := range clip.Notes {
		log.Warn("the CLIP is not described", "path", clip.Path, "note", note)
	}
	return clip, nil
}

// Watch notices models and add-ons that come, go or change, and hashes new ones, until ctx ends.
func (p onnxPool) Watch(ctx context.Context) { p.inventory.Run(ctx) }

// Addons lists the add-ons that the models can be rendered with.
func (p onnxPool) Addons() []request.AddonCard {
	return p.inventory.Addons()
}

// CLIPHash says which CLIP the pool's vectors are of.
func (p onnxPool) CLIPHash() string { return p.CLIP().Hash() }

// Changed has a value when models or add-ons have come or gone.
func (p onnxPool) Changed() <-chan struct{} { return p.inventory.Changed() }

// Load loads a model, unless it is loaded.
func (p onnxPool) Load(ctx context.Context, modelHash string) (worker.Pipeline, error) {
	for _, m := range p.Pool.Models() {
		if m.Hash == modelHash {
			p.files.use(m.Files)
		}
	}
	loaded, err := p.Pool.Load(ctx, modelHash)
	if err != nil {
		return nil, err // a nil *pipeline.Pipeline must not become a worker.Pipeline
	}
	return loaded, nil
}

// Loaded returns a model that is loaded, or nil.
func (p onnxPool) Loaded(modelHash string) worker.Pipeline {
	if loaded := p.Pool.Loaded(modelHash); loaded != nil {
		return loaded
	}
	return nil // a nil *pipeline.Pipeline must not become a worker.Pipeline
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
		for _, part := range []*picture.Ref{about.Upscaler, about.VAE} {
			if part != nil {
				one.Parts = append(one.Parts, part.Hash)
			}
		}
		all = append(all, one)
	}
	return all
}
