//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"darkroom/config"
	"darkroom/render"
	"darkroom/render/clip"
	"darkroom/render/onnx"
	"darkroom/render/sampler"
)

// easel is one loaded model, ready to paint.
type easel struct {
	*render.Renderer
	folder *onnx.Folder
	model  *onnx.Model
}

// Close frees the model's memory.
func (e *easel) Close() error { return e.model.Close() }

// openRuntime loads the ONNX Runtime library into this process.
func openRuntime(r config.Runtime) error {
	lib, err := onnx.FindLibrary(r.Ort)
	if err != nil {
		return err
	}
	return onnx.Open(lib)
}

// loadModel loads a folder's networks on the chosen device. openRuntime must have been called.
func loadModel(ctx context.Context, r config.Runtime, f *onnx.Folder) (*easel, error) {
	words, err := clip.OpenTokenizer(os.DirFS(filepath.Join(f.Dir, "tokenizer")))
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", f.Name, err)
	}
	device := onnx.Device{Kind: r.Device.Kind, Index: r.Device.Index, Threads: r.Threads}
	model, err := onnx.Load(ctx, f, device)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", f.Name, err)
	}
	parts := render.Parts{Text: model, Unet: model, Decoder: model, Tokenizer: words, Config: arithmetic(f.Config)}
	if f.Config.CanEncode {
		parts.Encoder = model
	}
	painter, err := render.New(parts, render.Options{})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("model %s: %w", f.Name, err), model.Close())
	}
	return &easel{Renderer: painter, folder: f, model: model}, nil
}

// arithmetic says what a folder's configuration means to the renderer.
func arithmetic(c onnx.Config) render.Config {
	return render.Config{
		Sampler: sampler.Config{
			TrainSteps: c.TrainSteps, BetaStart: c.BetaStart, BetaEnd: c.BetaEnd, BetaSchedule: c.BetaSchedule,
			Prediction: sampler.Prediction(c.Prediction), Spacing: c.TimestepSpacing, StepsOffset: c.StepsOffset,
			SetAlphaToOne: c.SetAlphaToOne, ZeroSNR: c.RescaleZeroSNR,
		},
		ScalingFactor: c.ScalingFactor, Channels: c.LatentChannels, Factor: c.PixelsPerLatent, Chunks: c.Chunks,
	}
}

// studio holds the models of this machine, of which one at a time is loaded.
type studio struct {
	runtime config.Runtime
	folders []*onnx.Folder

	mu   sync.Mutex // held while a model loads
	warm *easel
	hot  atomic.Value // string: the hash of warm, to be read meanwhile
}

// easel returns the model of that hash, loading it if another one was loaded. It stays valid until another hash is
// asked for or the studio is closed, so it is for one bench that paints one job after the other.
func (s *studio) easel(ctx context.Context, hash string) (*easel, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.warm != nil && s.warm.folder.Hash == hash {
		return s.warm, nil
	}
	for _, f := range s.folders {
		if f.Hash != hash {
			continue
		}
		if err := s.clear(); err != nil {
			return nil, err
		}
		e, err := loadModel(ctx, s.runtime, f)
		if err == nil {
			s.warm = e
			s.hot.Store(hash)
		}
		return e, err
	}
	return nil, fmt.Errorf("no model with the hash %s is here", hash)
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
