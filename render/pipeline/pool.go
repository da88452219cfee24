package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"darkroom/render"
	"darkroom/render/folder"
	"darkroom/render/onnx"
)

// Pool holds the models of a machine, of which one at a time is loaded.
type Pool struct {
	device onnx.Device
	log    *slog.Logger

	mu        sync.RWMutex // guards the fields below
	folders   []*folder.Model
	loaded    string                   // hash of the loaded model, "" for none
	loadTimes map[string]time.Duration // what loading took the last time, by hash

	loadMu  sync.Mutex // held while a model loads
	current *Pipeline
}

// NewPool makes a pool of these models. The runtime must be open when the first one is loaded.
func NewPool(folders []*folder.Model, device onnx.Device, log *slog.Logger) *Pool {
	return &Pool{device: device, log: log, folders: slices.Clone(folders), loadTimes: map[string]time.Duration{}}
}

// PoolModel is a model of a pool.
type PoolModel struct {
	*folder.Model
	Load time.Duration // what loading it would take; 0 for the loaded one
}

// defaultLoadTime is the load time of a model before any was loaded.
const defaultLoadTime = 5 * time.Second

// Models lists the models, the loaded one first. It does not wait for a model that is loading. A model that was never
// loaded is expected to take as long as the slowest of the others.
func (p *Pool) Models() []PoolModel {
	p.mu.RLock()
	defer p.mu.RUnlock()
	slowest := time.Duration(0)
	for _, took := range p.loadTimes {
		slowest = max(slowest, took)
	}
	var all []PoolModel
	for _, f := range p.folders {
		if f.Hash == p.loaded {
			all = slices.Insert(all, 0, PoolModel{Model: f})
			continue
		}
		all = append(all, PoolModel{Model: f, Load: cmp.Or(p.loadTimes[f.Hash], slowest, defaultLoadTime)})
	}
	return all
}

// LoadFirst loads the first model that can be loaded. The models before it are left out from then on.
func (p *Pool) LoadFirst(ctx context.Context) error {
	errs := []error{errors.New("no model can be loaded")}
	for _, m := range p.Models() {
		_, err := p.Load(ctx, m.Hash)
		if err == nil || ctx.Err() != nil {
			return err
		}
		p.log.Warn("a model is left out", "error", err)
		p.drop(m.Hash)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (p *Pool) drop(hash string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.folders = slices.DeleteFunc(p.folders, func(f *folder.Model) bool { return f.Hash == hash })
}

// Load returns the model of that hash, and loads it in place of the loaded one if that is another. The pipeline stays
// valid until another hash is asked for or the pool is closed, so a pool is for one worker.
func (p *Pool) Load(ctx context.Context, hash string) (*Pipeline, error) {
	p.loadMu.Lock()
	defer p.loadMu.Unlock()
	if p.current != nil && p.current.Folder.Hash == hash {
		return p.current, nil
	}
	models := p.Models()
	i := slices.IndexFunc(models, func(m PoolModel) bool { return m.Hash == hash })
	if i < 0 {
		return nil, &render.Refusal{Sentence: "the model of this request is not here any more",
			Err: fmt.Errorf("no model with the hash %s is here", hash)}
	}
	if err := p.unload(); err != nil {
		return nil, err
	}
	began := time.Now()
	loaded, err := Load(ctx, models[i].Model, p.device, nil)
	if err != nil {
		return nil, err
	}
	p.current = loaded
	p.setLoaded(hash, time.Since(began))
	for _, warning := range loaded.Model.Warnings() {
		p.log.Warn("a model renders a little less exactly", "model", loaded.Folder.Name, "warning", warning)
	}
	return loaded, nil
}

func (p *Pool) setLoaded(hash string, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loaded = hash
	if hash != "" {
		p.loadTimes[hash] = took
	}
}

// Close frees the loaded model.
func (p *Pool) Close() error {
	p.loadMu.Lock()
	defer p.loadMu.Unlock()
	return p.unload()
}

func (p *Pool) unload() error {
	if p.current == nil {
		return nil
	}
	p.setLoaded("", 0)
	err := p.current.Close()
	p.current = nil
	return err
}
