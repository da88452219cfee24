//go:build cgo

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/reply"
	"darkroom/config"
	"darkroom/queue"
	"darkroom/queue/work"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/sampler"
)

// renderer is the subcommand: a renderer alone.
func renderer(ctx context.Context, s shop) (err error) {
	c := s.settings.Renderer
	st, err := openStudio(c.Runtime, c.Offer, s.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	q, err := openQueue(ctx, s.log, c.Redis, c.Line)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	r := &rendering{studio: st, queue: q, api: c.API, line: c.Line, slot: slot(c.Offer), log: s.log}
	return serve(ctx, s.log, part{"renderer", r.run})
}

// openStudio loads the runtime library and finds the models to offer.
func openStudio(r config.Runtime, o config.Offer, log *slog.Logger) (*studio, error) {
	if err := openRuntime(r); err != nil {
		return nil, err
	}
	folders, faults := openFolders(r)
	for _, err := range faults {
		log.Warn("a model is left out", "error", err)
	}
	for _, name := range o.Only {
		if !slices.ContainsFunc(folders, func(f *onnx.Folder) bool { return f.Name == name }) {
			return nil, fmt.Errorf("model %q: none of that name here; `darkroom models list` shows what there is", name)
		}
	}
	if len(o.Only) > 0 {
		folders = slices.DeleteFunc(folders, func(f *onnx.Folder) bool { return !slices.Contains(o.Only, f.Name) })
	}
	if len(folders) == 0 {
		return nil, errors.Join(append(faults, errors.New("no model to paint with: `darkroom doctor` tells what is wrong"))...)
	}
	if err := device(r).Check(); err != nil {
		return nil, err
	}
	return &studio{runtime: r, folders: folders}, nil
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
	studio *studio
	queue  *queue.Queue
	api    config.API
	line   config.Line
	slot   string
	log    *slog.Logger
}

// run says what can be painted, loads the first model that can be loaded, so that the first picture need not wait for it,
// and paints until ctx ends. It says so before it loads: what is asked for meanwhile waits in line.
func (r *rendering) run(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { r.announce(gctx); return nil })
	g.Go(func() error {
		if err := r.studio.first(gctx, r.log); err != nil {
			return err
		}
		r.log.Info("ready to paint", "slot", r.slot, "device", r.studio.runtime.Device.String(), "models", names(r.studio.models()))
		return r.bench().Run(gctx)
	})
	return g.Wait()
}

func (r *rendering) bench() work.Bench {
	return work.Bench{
		Queue: r.queue,
		Paint: painter{artist: r.artist, input: r.queue.Input, signed: "darkroom " + revision()},
		Post:  reply.NewPoster(reply.NewClient(reply.Options{Base: r.api.Base}), r.queue),
		Options: work.Options{
			Slot: r.slot, Lanes: r.lanes, Lease: r.line.Lease, Beat: r.line.Beat, Grace: r.line.Grace, Log: r.log,
		},
	}
}

func (r *rendering) artist(ctx context.Context, hash string) (artist, error) {
	e, err := r.studio.easel(ctx, hash)
	if err != nil {
		return nil, err // a nil *Easel must not become an artist
	}
	return e, nil
}

// lanes lists what can be painted now, the loaded model first.
func (r *rendering) lanes() []string {
	var lit, dark []string
	for _, f := range r.studio.models() {
		if f.Hash == r.studio.lit() {
			lit = append(lit, picture.Lanes(f.Hash)...)
		} else {
			dark = append(dark, picture.Lanes(f.Hash)...)
		}
	}
	return append(lit, dark...)
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

func (r *rendering) offer() queue.Renderer {
	o := queue.Renderer{Slot: r.slot, Device: r.studio.runtime.Device.String(), Lanes: r.lanes()}
	for _, f := range r.studio.models() {
		o.Models = append(o.Models, queue.Model{Name: f.Name, Hash: f.Hash, Lane: picture.Lanes(f.Hash)[0], Card: card(f)})
	}
	return o
}

// card is a model folder's card with what this program adds: how it can be sampled, and from what it can begin.
func card(f *onnx.Folder) json.RawMessage {
	c := f.Card
	c.Sizes = offeredSizes(f)
	if c.Defaults.Size == (onnx.Size{}) {
		c.Defaults.Size = f.Config.Native
	}
	b, err := json.Marshal(struct {
		onnx.Card
		Dialect  picture.Dialect `json:"dialect"`
		Samplers []string        `json:"samplers"`
		Starts   bool            `json:"starts"`
		Multiple int             `json:"multiple"` // of the sides of any size
		Enlarges bool            `json:"enlarges"`
		Chunks   int             `json:"chunks,omitempty"` // that a prompt may have; 0 for any number
	}{c, picture.Diffusers, sampler.Names(sampler.Diffusers), f.Config.CanEncode, f.Config.Multiple, f.Config.Fixed == onnx.Size{}, f.Config.Chunks})
	if err != nil {
		panic("internal error: a card must always encode: " + err.Error())
	}
	return b
}

func names(folders []*onnx.Folder) []string {
	var all []string
	for _, f := range folders {
		all = append(all, f.Name)
	}
	return all
}
