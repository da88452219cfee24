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
	"darkroom/render/similarity"
)

// Source says which models there are. The list changes while files come and go.
type Source interface{ Models() []*folder.Model }

// PoolOptions are what a pool works with.
type PoolOptions struct {
	Source Source
	Addons Addons // that the models are rendered with; nil for none
	Device onnx.Device
	// Checkers look at what is rendered; nil for none. The pool closes them.
	Checkers *Checkers
	// Memory is how much the loaded models may hold together, in bytes, as Need foresees it. 0 is half of the machine's
	// on the CPU and, on a GPU, room for one model. The model that is asked for is loaded in any case.
	//
	// On a GPU it bounds what all networks really take of the card, too: see onnx.Device.MemoryLimit.
	Memory int64
	CLIP   *similarity.Model // with its hash; nil for none
	Log    *slog.Logger
}

// Pool holds the models of a device, several of them loaded while they fit into its memory.
type Pool struct {
	o PoolOptions

	mu        sync.RWMutex             // guards the fields below
	loaded    []loadedModel            // the last one used first
	unusable  map[string]bool          // hashes of models that could not be loaded at the start
	loadTimes map[string]time.Duration // what loading took the last time, by hash

	loadMu sync.Mutex // held while a model or the CLIP loads or is freed
	clip   *CLIP      // nil for none
	closed bool       // guarded by loadMu
}

// loadedModel is a loaded model and the memory that it holds.
type loadedModel struct {
	*Pipeline
	need int64
}

// NewPool makes a pool. The runtime must be open when the first model is loaded.
func NewPool(o PoolOptions) *Pool {
	o.Memory = cmp.Or(o.Memory, defaultBudget(o.Device))
	if o.Memory > 0 { // the checker for all models stays
		o.Memory = max(1, o.Memory-o.Checkers.sharedNeed(o.Device))
	}
	if o.Device.OwnMemory() {
		o.Device.MemoryLimit = o.Memory
	}
	p := &Pool{o: o, loadTimes: map[string]time.Duration{}, unusable: map[string]bool{}}
	if o.CLIP != nil {
		p.clip = &CLIP{pool: p, model: o.CLIP}
	}
	return p
}

// Memory is how much the loaded models may hold together, in bytes; 0 for one model at a time.
func (p *Pool) Memory() int64 { return p.o.Memory }

// PoolModel is a model of a pool.
type PoolModel struct {
	*folder.Model
	Load time.Duration // what loading it would take; 0 for a loaded one
}

// defaultLoadTime is the load time of a model before any was loaded.
const defaultLoadTime = 5 * time.Second

// Models lists the models, loaded ones first and among them the last one used. It does not wait for a model that is
// loading. A model that was never loaded is expected to take as long as the slowest of the others.
func (p *Pool) Models() []PoolModel {
	all := p.o.Source.Models()
	p.mu.RLock()
	defer p.mu.RUnlock()
	slowest := time.Duration(0)
	for _, took := range p.loadTimes {
		slowest = max(slowest, took)
	}
	var first, rest []PoolModel
	for _, l := range p.loaded {
		if i := slices.IndexFunc(all, hasHash(l.Folder.Hash)); i >= 0 {
			first = append(first, PoolModel{Model: all[i]})
		}
	}
	for _, m := range all {
		isLoaded := slices.ContainsFunc(p.loaded, func(l loadedModel) bool { return l.Folder.Hash == m.Hash })
		if !isLoaded && !p.unusable[m.Hash] {
			rest = append(rest, PoolModel{Model: m, Load: cmp.Or(p.loadTimes[m.Hash], slowest, defaultLoadTime)})
		}
	}
	return append(first, rest...)
}

func hasHash(hash string) func(*folder.Model) bool {
	return func(m *folder.Model) bool { return m.Hash == hash }
}

// LoadFirst loads the first model that can be loaded. The models before it are left out from then on.
func (p *Pool) LoadFirst(ctx context.Context) error {
	errs := []error{errors.New("no model can be loaded")}
	for _, m := range p.Models() {
		_, err := p.Load(ctx, m.Hash)
		if err == nil || ctx.Err() != nil {
			return err
		}
		p.o.Log.Warn("a model is left out", "error", err)
		p.mu.Lock()
		p.unusable[m.Hash] = true
		p.mu.Unlock()
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Load returns the model of that hash, and loads it unless it is loaded. Others that were used longest ago make room
// for it. The pipeline stays valid until the next call or until the pool is closed, so a pool is for one worker: what
// it renders with is never freed. A model whose files are not what was hashed is not here any more.
func (p *Pool) Load(ctx context.Context, hash string) (*Pipeline, error) {
	p.loadMu.Lock()
	defer p.loadMu.Unlock()
	models := p.o.Source.Models()
	if err := p.freeWhere(func(l loadedModel) bool { return isGone(l.Folder, models) }); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(models, hasHash(hash))
	if i < 0 {
		return nil, gone(fmt.Errorf("no model with the hash %s is here", hash))
	}
	if err := models[i].Changed(); err != nil {
		return nil, gone(err)
	}
	if l, found := p.touch(hash); found {
		return l, nil
	}
	need := Need(models[i], p.o.Device) + p.o.Checkers.Need(models[i], p.o.Device)
	if err := p.makeRoom(need); err != nil {
		return nil, err
	}
	began := time.Now()
	loaded, err := p.load(ctx, models[i])
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.loaded = slices.Insert(p.loaded, 0, loadedModel{loaded, need})
	p.loadTimes[hash] = time.Since(began)
	p.mu.Unlock()
	for _, warning := range loaded.Model.Warnings() {
		p.o.Log.Warn("a model renders a little less exactly", "model", loaded.Folder.Name, "warning", warning)
	}
	if loaded.Model.EncodersMoved() {
		p.o.Log.Warn("out of memory: text encoders and the VAE's encoder run on the CPU", "model", loaded.Folder.Name)
	}
	return loaded, nil
}

// Loaded returns the model of that hash if it is loaded, or nil. The order of the last use stays as it is. The pipeline
// stays valid as that of Load does.
func (p *Pool) Loaded(hash string) *Pipeline {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, l := range p.loaded {
		if l.Folder.Hash == hash && l.Folder.Changed() == nil {
			return l.Pipeline
		}
	}
	return nil
}

// gone is the error of a model that is not offered any more.
func gone(err error) error {
	return &render.Refusal{Sentence: reasonModelGone, Err: err}
}

// isGone tells whether a loaded model is none of those that there are now, or its files are not what was loaded.
func isGone(m *folder.Model, models []*folder.Model) bool {
	return !slices.ContainsFunc(models, hasHash(m.Hash)) || m.Changed() != nil
}

// load loads a model. Where that fails beside others it is tried once more alone: their memory may have been missing.
func (p *Pool) load(ctx context.Context, m *folder.Model) (*Pipeline, error) {
	open := func() (*Pipeline, error) {
		return LoadWith(ctx, m, p.o.Device, LoadOptions{
			Addons: p.o.Addons, Memory: p.o.Memory, Checkers: p.o.Checkers,
			makeRoom: func() bool { return p.freeOthers(m.Hash) },
		})
	}
	loaded, err := open()
	if ctx.Err() != nil || len(p.loaded) == 0 && p.clip.need() == 0 || err == nil && !loaded.Model.EncodersMoved() {
		return loaded, err
	}
	if err == nil { // there was no memory for its encoders
		err = loaded.Close()
	}
	err = errors.Join(err, p.freeWhere(func(loadedModel) bool { return true }), p.clip.free())
	p.o.Log.Warn("a model did not load beside others: they are freed", "model", m.Name, "error", err)
	return open()
}

// freeOthers frees all models but one, which is rendered with, and says whether there were any.
func (p *Pool) freeOthers(hash string) bool {
	p.loadMu.Lock()
	defer p.loadMu.Unlock()
	others := func(l loadedModel) bool { return l.Folder.Hash != hash }
	p.mu.RLock()
	some := slices.ContainsFunc(p.loaded, others)
	p.mu.RUnlock()
	if !some {
		return false
	}
	if err := p.freeWhere(others); err != nil {
		p.o.Log.Warn("models were not freed properly", "error", err)
	}
	return true
}

// touch returns a loaded model and makes it the last one used.
func (p *Pool) touch(hash string) (*Pipeline, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.loaded, func(l loadedModel) bool { return l.Folder.Hash == hash })
	if i < 0 {
		return nil, false
	}
	l := p.loaded[i]
	p.loaded = slices.Insert(slices.Delete(p.loaded, i, i+1), 0, l)
	return l.Pipeline, true
}

// makeRoom frees the models that were used longest ago, until need fits beside the others and the CLIP. A model that
// does not fit beside the CLIP alone takes its room, too.
func (p *Pool) makeRoom(need int64) error {
	if p.o.Memory > 0 && need > p.room() {
		if err := p.clip.free(); err != nil {
			return err
		}
	}
	return p.freeBeyond(p.room()-need, 0)
}

// room is how much memory models may hold beside the CLIP.
func (p *Pool) room() int64 { return p.o.Memory - p.clip.need() }

// freeBeyond frees the models that were used longest ago until the others hold no more than room. The last used ones
// stay in any case, as many as keep says.
func (p *Pool) freeBeyond(room int64, keep int) error {
	kept := map[*Pipeline]bool{}
	for i, l := range p.loaded {
		if room -= l.need; room < 0 && i >= keep {
			break
		}
		kept[l.Pipeline] = true
	}
	return p.freeWhere(func(l loadedModel) bool { return !kept[l.Pipeline] })
}

// freeWhere frees some of the loaded models.
func (p *Pool) freeWhere(which func(loadedModel) bool) error {
	p.mu.Lock()
	var freed, kept []loadedModel
	for _, l := range p.loaded {
		if which(l) {
			freed = append(freed, l)
		} else {
			kept = append(kept, l)
		}
	}
	p.loaded = kept
	p.mu.Unlock()
	var errs []error
	for _, l := range freed {
		p.o.Log.Debug("a model makes room", "model", l.Folder.Name)
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// Close frees all loaded models, the CLIP and the safety checkers.
func (p *Pool) Close() error {
	p.loadMu.Lock()
	defer p.loadMu.Unlock()
	p.closed = true
	return errors.Join(p.freeWhere(func(loadedModel) bool { return true }), p.clip.free(), p.o.Checkers.Close())
}

// reasonModelGone refuses a job whose model was removed.
const reasonModelGone = "the model of this request is not here any more"
