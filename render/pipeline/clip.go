package pipeline

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"

	"darkroom/render/filehash"
	"darkroom/render/onnx"
	"darkroom/render/similarity"
)

// OpenCLIP checks and hashes a CLIP: a path, a name in the directory, or the demo model's for "". hashing is told how
// much is read for the hash; it may be nil.
func (d Directory) OpenCLIP(asked string, hashing filehash.Progress) (*similarity.Model, error) {
	path, err := d.findCLIP(asked)
	if err != nil {
		return nil, err
	}
	m, err := similarity.Open(path)
	if err != nil {
		return nil, err
	}
	cache := hashes()
	defer cache.Save()
	return m, m.HashFiles(cache, hashing)
}

func (d Directory) findCLIP(asked string) (string, error) {
	if asked == "" {
		return unpackDemo()
	}
	for _, path := range []string{asked, filepath.Join(string(d), asked)} {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("CLIP %q: no such folder or file, here or in %s", asked, d)
}

// LoadedCLIP is a CLIP whose networks are loaded.
type LoadedCLIP struct {
	similarity.Encoder

	networks []*onnx.Network
}

// LoadCLIP loads a CLIP. onnx.Open must have been called. It runs on the CPU whatever the device of images is: so its
// vectors are the same on every machine, and a GPU's memory is left to images. Its weights are copied into a layout for
// this processor unless the device leaves all weights in their files: docs/clip.md says what that costs and gains. The
// caller closes it.
func LoadCLIP(m *similarity.Model, device onnx.Device) (*LoadedCLIP, error) {
	device.Kind, device.Packed = onnx.CPU, !device.Mapped
	image, err := onnx.LoadNetwork(m.Image, device)
	if err != nil {
		return nil, fmt.Errorf("CLIP: %w", err)
	}
	text, err := onnx.LoadNetwork(m.Text, device)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("CLIP: %w", err), image.Close())
	}
	return &LoadedCLIP{similarity.Encoder{Model: m, Image: image, Text: text}, []*onnx.Network{image, text}}, nil
}

// Close frees the networks once their running calls have returned. Later calls return onnx.ErrClosed.
func (l *LoadedCLIP) Close() error {
	var errs []error
	for _, n := range l.networks {
		errs = append(errs, n.Close())
	}
	return errors.Join(errs...)
}

// CLIP is the CLIP of a pool: one for all models. Its networks are loaded when the first vector is asked for, and count
// as a model's do. Where a large model takes their room, they are loaded again for the next vector. Its methods may be
// called concurrently.
type CLIP struct {
	pool   *Pool
	model  *similarity.Model
	loaded *LoadedCLIP // guarded by the pool's loadMu; nil where it is not
}

// CLIP returns the pool's CLIP; nil for none.
func (p *Pool) CLIP() *CLIP { return p.clip }

// Hash says which CLIP it is: vectors with another hash have nothing to do with its own.
func (c *CLIP) Hash() string { return c.model.Hash }

// ImageVector returns the vector of an image.
func (c *CLIP) ImageVector(ctx context.Context, img image.Image) (similarity.Vector, error) {
	return c.vector(func(l *LoadedCLIP) (similarity.Vector, error) { return l.ImageVector(ctx, img) })
}

// TextVector returns the vector of a text.
func (c *CLIP) TextVector(ctx context.Context, text string) (similarity.Vector, error) {
	return c.vector(func(l *LoadedCLIP) (similarity.Vector, error) { return l.TextVector(ctx, text) })
}

// vector makes a vector, once more where the networks were freed between loading and the call.
func (c *CLIP) vector(ask func(*LoadedCLIP) (similarity.Vector, error)) (v similarity.Vector, err error) {
	for range 2 {
		loaded, loadErr := c.load()
		if loadErr != nil {
			return v, loadErr
		}
		if v, err = ask(loaded); !errors.Is(err, onnx.ErrClosed) {
			return v, err
		}
	}
	return v, err
}

// load loads the networks, unless they are loaded. Models that were used longest ago make room for them; the one that
// was used last stays, since it may be at work.
func (c *CLIP) load() (*LoadedCLIP, error) {
	p := c.pool
	p.loadMu.Lock()
	defer p.loadMu.Unlock()
	if c.loaded != nil {
		return c.loaded, nil
	}
	if p.closed {
		return nil, onnx.ErrClosed
	}
	if err := p.freeBeyond(p.room()-NeedCLIP(c.model, p.o.Device), 1); err != nil {
		return nil, err
	}
	loaded, err := LoadCLIP(c.model, p.o.Device)
	if err != nil {
		return nil, err
	}
	c.loaded = loaded
	return loaded, nil
}

// free frees the networks. The pool's loadMu is held.
func (c *CLIP) free() error {
	if c == nil || c.loaded == nil {
		return nil
	}
	loaded := c.loaded
	c.loaded = nil
	return loaded.Close()
}

// need is how much memory the loaded networks hold of the pool's. On a GPU it is none: a CLIP runs on the CPU.
func (c *CLIP) need() int64 {
	if c == nil || c.loaded == nil {
		return 0
	}
	return NeedCLIP(c.model, c.pool.o.Device)
}

// NeedCLIP is how much memory of its own a CLIP holds beside images that are made on a device, as Need says it of
// models: none on a GPU. docs/clip.md has what CLIP-L takes in float16, whose weights become float32 to be computed with.
func NeedCLIP(m *similarity.Model, d onnx.Device) int64 {
	packed, mapped := 2.15, 1.55
	if m.Wide {
		packed, mapped = 1.08, 0.1
	}
	switch {
	case d.Kind != onnx.CPU:
		return 0
	case d.Mapped:
		return int64(mapped * float64(m.Bytes))
	}
	return int64(packed * float64(m.Bytes))
}
