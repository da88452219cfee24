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
	"darkroom/render/easel"
	"darkroom/render/onnx"
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
type studio struct {
	runtime config.Runtime
	log     *slog.Logger // nil for none

	shelf   sync.RWMutex // guards folders and took
	folders []*onnx.Folder
	took    map[string]time.Duration // to load, by hash, as measured last

	mu   sync.Mutex // held while a model loads
	warm *easel.Easel
	hot  atomic.Value // string: the hash of warm, to be read meanwhile
}

// models returns the folders that can be painted with.
func (s *studio) models() []*onnx.Folder {
	s.shelf.RLock()
	defer s.shelf.RUnlock()
	return slices.Clone(s.folders)
}

// first loads the first model that can be loaded. Those before it are left out from then on.
func (s *studio) first(ctx context.Context, log *slog.Logger) error {
	errs := []error{errors.New("no model can be loaded")}
	for _, f := range s.models() {
		_, err := s.easel(ctx, f.Hash)
		if err == nil || ctx.Err() != nil {
			return err
		}
		log.Warn("a model is left out", "error", err)
		s.drop(f.Hash)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (s *studio) drop(hash string) {
	s.shelf.Lock()
	defer s.shelf.Unlock()
	s.folders = slices.DeleteFunc(slices.Clone(s.folders), func(f *onnx.Folder) bool { return f.Hash == hash })
}

// easel returns the model of that hash, loading it if another one was loaded. It stays valid until another hash is
// asked for or the studio is closed, so it is for one bench that paints one job after the other.
func (s *studio) easel(ctx context.Context, hash string) (*easel.Easel, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.warm != nil && s.warm.Folder.Hash == hash {
		return s.warm, nil
	}
	for _, f := range s.models() {
		if f.Hash != hash {
			continue
		}
		if err := s.clear(); err != nil {
			return nil, err
		}
		began := time.Now()
		e, err := easel.Load(ctx, f, device(s.runtime))
		if err == nil {
			s.warm = e
			s.hot.Store(hash)
			s.loaded(hash, time.Since(began))
			s.tell(e)
		}
		return e, err
	}
	return nil, &render.Refusal{Sentence: "the model this was promised with is not here any more", Err: fmt.Errorf("no model with the hash %s is here", hash)}
}

// tell logs what is not as good as it could be in a model.
func (s *studio) tell(e *easel.Easel) {
	for _, doubt := range e.Model.Doubts() {
		if s.log != nil {
			s.log.Warn("a model paints a little less exactly", "model", e.Folder.Name, "why", doubt)
		}
	}
}

// firstLoading is what loading a model is believed to take before any was loaded.
const firstLoading = 5 * time.Second

// loading is what loading a model takes: as it did the last time, else as the slowest of the others did.
func (s *studio) loading(hash string) time.Duration {
	s.shelf.RLock()
	defer s.shelf.RUnlock()
	if took, ok := s.took[hash]; ok {
		return took
	}
	slowest := time.Duration(0)
	for _, took := range s.took {
		slowest = max(slowest, took)
	}
	return cmp.Or(slowest, firstLoading)
}

func (s *studio) loaded(hash string, took time.Duration) {
	s.shelf.Lock()
	defer s.shelf.Unlock()
	if s.took == nil {
		s.took = map[string]time.Duration{}
	}
	s.took[hash] = took
}

// artist is easel for whoever does not know what an easel is.
func (s *studio) artist(ctx context.Context, hash string) (artist, error) {
	e, err := s.easel(ctx, hash)
	if err != nil {
		return nil, err // a nil *Easel must not become an artist
	}
	return e, nil
}

// lit returns the hash of the loaded model, or "". It does not wait for one that is loading.
func (s *studio) lit() string {
	hash, _ := s.hot.Load().(string) // nothing stored is nothing loaded
	return hash
}

// Close frees the loaded model.
func (s *studio) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clear()
}

func (s *studio) clear() error {
	if s.warm == nil {
		return nil
	}
	s.hot.Store("")
	err := s.warm.Close()
	s.warm = nil
	return err
}
