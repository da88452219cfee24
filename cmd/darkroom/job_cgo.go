//go:build cgo

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"time"

	"darkroom/bot/message"
	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/render"
	"darkroom/render/encode"
	"darkroom/render/picture"
)

// specRenderer paints a Spec; *pipeline.Pipeline is one.
type specRenderer interface {
	Render(ctx context.Context, spec picture.Spec, job render.Job) (*render.Result, error)
}

// jobRenderer paints jobs of the queue: it reads what a job says, renders it, and encodes the pictures for the place
// they go to.
type jobRenderer struct {
	// load loads the model, unless it is loaded.
	load func(ctx context.Context, modelHash string) (specRenderer, error)
	// input finds the bytes of an input picture.
	input   func(ctx context.Context, sha256 string) ([]byte, error)
	program string       // the program, as named in each picture
	slots   *batchSlots  // of jobs that are painted together; nil for one after the other
	log     *slog.Logger // nil for none
}

var _ worker.Renderer = jobRenderer{}

// Render makes the pictures of a leased job.
func (p jobRenderer) Render(
	ctx context.Context, l queue.Lease, progress func(int, func() image.Image),
) (worker.Result, error) {
	spec, err := picture.Decode(l.Job.Spec)
	if err != nil {
		return worker.Result{}, worker.Final(message.ReasonUnreadableSettings, err)
	}
	to, err := message.DecodeAddress(l.Job.Address)
	if err != nil {
		return worker.Result{}, worker.Final(message.ReasonUnreadableSettings, err)
	}
	began := time.Now()
	a, err := p.load(ctx, spec.Model.Hash)
	if err != nil {
		return worker.Result{}, finalError(err)
	}
	load := time.Since(began)
	report := func(now render.Progress) { progress(now.Step*100/max(now.Steps, 1), now.Preview) }
	result, err := a.Render(ctx, spec, render.Job{Input: p.input, Slot: p.slots.of(l.Job.ID), Progress: report})
	if err != nil {
		return worker.Result{}, finalError(err)
	}
	if result.LowMemory && p.log != nil {
		p.log.Warn("memory was short: parts of this image were computed one after another", "job", l.Job.ID)
	}
	result.Millis["load"] = load.Milliseconds()
	return p.encodeTiles(spec, l.Job.ID, to.FileLimit, result)
}

// finalError marks what no other try can change.
func finalError(err error) error {
	var no *render.Refusal
	switch {
	case errors.As(err, &no):
		return worker.Final(no.Sentence, err)
	case errors.Is(err, queue.ErrNotFound):
		return worker.Final(message.ReasonInputGone, err)
	}
	return err
}

// encodeTiles encodes the tiles, with the text that says how each was made, within limit bytes each.
func (p jobRenderer) encodeTiles(spec picture.Spec, job string, limit int64, r *render.Result) (worker.Result, error) {
	made := worker.Result{Millis: r.Millis}
	for i, tile := range r.Tiles {
		text := encode.FormatParameters(spec.Tile(i), encode.Extra{Version: p.program})
		data, ext, err := encode.Fit(tile.Image, text, limit)
		if err != nil {
			return worker.Result{}, worker.Final(message.ReasonTooLarge, err)
		}
		name, sum := fmt.Sprintf("%s-%d.%s", job, i+1, ext), sha256.Sum256(data)
		made.Images = append(made.Images, worker.Image{Name: name, Data: data, File: queue.File{
			Name: name, Seed: tile.Seed, Width: tile.Image.Bounds().Dx(), Height: tile.Image.Bounds().Dy(),
			SHA256: hex.EncodeToString(sum[:]), PHash: encode.PHash(tile.Image), LowMemory: r.LowMemory,
		}})
	}
	return made, nil
}
