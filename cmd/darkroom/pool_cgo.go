//go:build cgo

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"darkroom/config"
	"darkroom/render"
	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/pipeline"
)

// openRuntime loads the ONNX Runtime library into this process.
func openRuntime(r config.Runtime) error {
	lib, err := onnx.FindLibrary(r.Ort)
	if err != nil {
		return err
	}
	return onnx.Open(lib)
}

// device is what the settings ask to paint on.
func device(r config.Runtime) onnx.Device {
	return onnx.Device{Kind: r.Device.Kind, Index: r.Device.Index, Threads: r.Threads, Mapped: r.Prefer == "start"}
}

// studio holds the models of this machine, of which one at a time is loaded.
type onnxPool struct {
	runtime config.Runtime
	log     *slog.Logger // nil for none

	foldersMu sync.RWMutex // guards folders and took
	folders   []*folder.Folder
	loadTimes map[string]time.Duration // to load, by hash, as measured last

	loadMu      sync.Mutex // held while a model loads
	current     *pipeline.Pipeline
	currentHash atomic.Value // string: the hash of warm, to be read meanwhile
}

// models returns the folders that can be painted with.
func (s *onnxPool) models() []*folder.Folder {
	s.foldersMu.RLock()
	defer s.foldersMu.RUnlock()
	return slices.Clone(s.folders)
}

// first loads the first model that can be loaded. Those before it are left out from then on.
func (s *onnxPool) loadFirst(ctx context.Context, log *slog.Logger) error {
	errs := []error{errors.New("no model can be loaded")}
	for _, f := range s.models() {
		_, err := s.pipeline(ctx, f.Hash)
		if err == nil || ctx.Err() != nil {
			return err
		}
		log.Warn("a model is left out", "error", err)
		s.drop(f.Hash)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (s *onnxPool) drop(hash string) {
	s.foldersMu.Lock()
	defer s.foldersMu.Unlock()
	s.folders = slices.DeleteFunc(slices.Clone(s.folders), func(f *folder.Folder) bool { return f.Hash == hash })
}

// easel returns the model of that hash, loading it if another one was loaded. It stays valid until another hash is
// asked for or the studio is closed, so it is for one bench that paints one job after the other.
func (s *onnxPool) pipeline(ctx context.Context, hash string) (*pipeline.Pipeline, error) {
	s.loadMu.Lock()
	defer s.loadMu.Unlock()
	if s.current != nil && s.current.Folder.Hash == hash {
		return s.current, nil
	}
	for _, f := range s.models() {
		if f.Hash != hash {
			continue
		}
		if err := s.unload(); err != nil {
			return nil, err
		}
		began := time.Now()
		p, err := pipeline.Load(ctx, f, device(s.runtime))
		if err == nil {
			s.current = p
			s.currentHash.Store(hash)
			s.recordLoadTime(hash, time.Since(began))
			s.logWarnings(p)
		}
		return p, err
	}
	return nil, &render.Refusal{Sentence: "the model this was promised with is not here any more", Err: fmt.Errorf("no model with the hash %s is here", hash)}
}

// tell logs what is not as good as it could be in a model.
func (s *onnxPool) logWarnings(p *pipeline.Pipeline) {
	for _, warning := range p.Model.Warnings() {
		if s.log != nil {
			s.log.Warn("a model paints a little less exactly", "model", p.Folder.Name, "why", warning)
		}
	}
}

// defaultLoadTime is what loading a model is believed to take before any was loaded.
const defaultLoadTime = 5 * time.Second

// loading is what loading a model takes: as it did the last time, else as the slowest of the others did.
func (s *onnxPool) loadTime(hash string) time.Duration {
	s.foldersMu.RLock()
	defer s.foldersMu.RUnlock()
	if took, ok := s.loadTimes[hash]; ok {
		return took
	}
	slowest := time.Duration(0)
	for _, took := range s.loadTimes {
		slowest = max(slowest, took)
	}
	return cmp.Or(slowest, defaultLoadTime)
}

func (s *onnxPool) recordLoadTime(hash string, took time.Duration) {
	s.foldersMu.Lock()
	defer s.foldersMu.Unlock()
	if s.loadTimes == nil {
		s.loadTimes = map[string]time.Duration{}
	}
	s.loadTimes[hash] = took
}

// artist is easel for whoever does not know what an easel is.
func (s *onnxPool) load(ctx context.Context, hash string) (specRenderer, error) {
	p, err := s.pipeline(ctx, hash)
	if err != nil {
		return nil, err // a nil *Easel must not become an artist
	}
	return p, nil
}

// lit returns the hash of the loaded model, or "". It does not wait for one that is loading.
func (s *onnxPool) loadedHash() string {
	hash, _ := s.currentHash.Load().(string) // nothing stored is nothing loaded
	return hash
}

// Close frees the loaded model.
func (s *onnxPool) Close() error {
	s.loadMu.Lock()
	defer s.loadMu.Unlock()
	return s.unload()
}

func (s *onnxPool) unload() error {
	if s.current == nil {
		return nil
	}
	s.currentHash.Store("")
	err := s.current.Close()
	s.current = nil
	return err
}
