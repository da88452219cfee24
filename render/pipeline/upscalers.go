package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"darkroom/render"
	"darkroom/render/checkpoint"
	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/phrase"
	"darkroom/render/picture"
	"darkroom/render/tensor"
	"darkroom/render/upscale"
)

// OpenUpscaler opens the file of a network that enlarges images, without loading it: ONNX, or safetensors.
func OpenUpscaler(path string) (*folder.Upscaler, error) {
	if strings.EqualFold(filepath.Ext(path), ".onnx") {
		return folder.OpenUpscaler(path)
	}
	return checkpoint.OpenUpscaler(path)
}

// upscalers keeps the upscaler that was used last loaded. Its methods may be called concurrently.
type upscalers struct {
	own    *folder.Upscaler // in the model's folder; nil for none
	files  Addons           // nil for none
	device onnx.Device

	mu     sync.Mutex // guards the fields below
	last   *loadedUpscaler
	closed bool
}

// loadedUpscaler is a loaded upscaler and how many use it. The cache is one of them.
type loadedUpscaler struct {
	*onnx.Upscaler
	hash  string
	users int
}

// open returns the network of a Ref: see render.Parts.
func (u *upscalers) open(ctx context.Context, named picture.Ref) (upscale.Upscaler, func(), error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	if u.closed {
		return nil, nil, onnx.ErrClosed
	}
	if u.last == nil || u.last.hash != named.Hash {
		if err := u.drop(u.last); err != nil { // before the next one needs its memory
			return nil, nil, err
		}
		u.last = nil
		network, err := u.load(named)
		if err != nil {
			return nil, nil, err
		}
		u.last = &loadedUpscaler{network, named.Hash, 1}
	}
	used := u.last
	used.users++
	release := sync.OnceFunc(func() {
		used.Trim()
		u.mu.Lock()
		defer u.mu.Unlock()
		_ = u.drop(used) // it only frees memory
	})
	return used, release, nil
}

// load loads the upscaler of a hash, or refuses it by name.
func (u *upscalers) load(named picture.Ref) (*onnx.Upscaler, error) {
	opened := u.own
	if opened == nil || opened.Ref.Hash != named.Hash {
		part := picture.Part{Kind: picture.Upscaler, Name: named.Name, Hash: named.Hash}
		if u.files == nil {
			return nil, &render.Refusal{Sentence: phrase.Of("%s is not here", part).String()}
		}
		path, err := u.files.Addon(part.Kind, part.Hash)
		if err != nil {
			return nil, &render.Refusal{Sentence: phrase.Of("%s is not here any more", part).String(), Err: err}
		}
		if opened, err = OpenUpscaler(path); err != nil {
			return nil, &render.Refusal{Sentence: phrase.Of("%s cannot be used", part).String(), Err: err}
		}
	}
	return onnx.OpenUpscaler(opened, u.device)
}

// drop counts a user out, and frees an upscaler with its last one.
func (u *upscalers) drop(l *loadedUpscaler) error {
	if l == nil {
		return nil
	}
	if l.users--; l.users > 0 {
		return nil
	}
	return l.Close()
}

// Close frees the upscaler, once nobody uses it any more.
func (u *upscalers) Close() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	last := u.last
	u.last, u.closed = nil, true
	return u.drop(last)
}

// CheckUpscaler loads an upscaler and enlarges a small image with it, which is where weights that are no numbers show.
func CheckUpscaler(ctx context.Context, u *folder.Upscaler, device onnx.Device) (err error) {
	loaded, err := onnx.OpenUpscaler(u, device)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, loaded.Close()) }()
	const least = 16
	m := u.Multiple
	side := (least + m - 1) / m * m
	width, height := max(u.Tile.Width, side), max(u.Tile.Height, side)
	if u.Tile.Width > 0 {
		width, height = u.Tile.Width, u.Tile.Height
	}
	in := tensor.New(1, 3, height, width)
	for i := range in.Data {
		in.Data[i] = float32(i%width) / float32(width)
	}
	out, err := loaded.Upscale(ctx, in)
	if err == nil && !out.Finite() {
		err = upscale.ErrNotNumbers
	}
	if err != nil {
		return fmt.Errorf("try the upscaler: %w", err)
	}
	return nil
}
