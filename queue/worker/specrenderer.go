package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"time"

	"darkroom/queue"
	"darkroom/render"
	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/safety"
)

// Pipeline is a loaded model; *pipeline.Pipeline is one.
type Pipeline interface {
	Render(ctx context.Context, spec picture.Spec, job render.Job) (*render.Result, error)
}

// SpecRenderer is a Renderer for jobs that carry a Spec: it loads the model, renders the Spec, and encodes the images
// for the place they go to.
type SpecRenderer struct {
	// Load loads the model, unless it is loaded.
	Load func(ctx context.Context, modelHash string) (Pipeline, error)
	// Input finds the bytes of an input image.
	Input func(ctx context.Context, sha256 string) ([]byte, error)
	// FileLimit is how many bytes a file may have where the answer goes.
	FileLimit func(address json.RawMessage) (bytes int64, err error)
	Reasons   Reasons // why a job failed, as its owner reads it
	Program   string  // the program, as named in each image
	// Short returns the digits by which A1111 knows a LoRA, see encode.Extra; nil knows none.
	Short   func(sha256 string) string
	Log     *slog.Logger  // nil for none
	members *batchMembers // of jobs that are rendered together; nil for one after the other
}

// Reasons are sentences for the owner of a job.
type Reasons struct {
	Unreadable string // the job cannot be read
	InputGone  string // the input image is not stored any more
	TooLarge   string // the image fits in no file that may be posted there
}

// InBatches returns a Renderer that renders the jobs of a batch together.
func (p SpecRenderer) InBatches() Renderer {
	p.members = &batchMembers{}
	return batchRenderer{p, p.members}
}

// Render renders the images of a leased job.
func (p SpecRenderer) Render(
	ctx context.Context, l queue.Lease, progress func(int, func() image.Image),
) (Result, error) {
	spec, err := picture.Decode(l.Job.Spec)
	if err != nil {
		return Result{}, Final(p.Reasons.Unreadable, err)
	}
	limit, err := p.FileLimit(l.Job.Address)
	if err != nil {
		return Result{}, Final(p.Reasons.Unreadable, err)
	}
	began := time.Now()
	a, err := p.Load(ctx, spec.Model.Hash)
	if err != nil {
		return Result{}, p.finalError(err)
	}
	load := time.Since(began)
	report := func(now render.Progress) {
		progress(now.Step*100/max(now.Steps, 1), p.previewOf(l.Job.ID, now.Preview))
	}
	result, err := a.Render(ctx, spec, render.Job{
		Input: p.Input, BatchMember: p.members.of(l.Job.ID), Progress: report, MaskBlur: maskBlur(spec),
	})
	if err != nil {
		return Result{}, p.finalError(err)
	}
	p.logMemory(l.Job.ID, result)
	result.Millis["load"] = load.Milliseconds()
	return p.encodeTiles(spec, l.Job.ID, limit, result, func() { progress(100, nil) })
}

// regionBlur is A1111's default for "Mask blur", in pixels.
const regionBlur = 4

// maskBlur is how far the edge of a job's mask is softened; nil for no mask. With it the rest of the image stays as it
// was in either dialect, which is what people expect of a region.
func maskBlur(spec picture.Spec) *int {
	if spec.Init == nil || spec.Init.Mask == nil {
		return nil
	}
	return new(regionBlur)
}

// extra is what an image's text says besides its Spec.
func (p SpecRenderer) extra(spec picture.Spec) encode.Extra {
	e := encode.Extra{Version: p.Program, Short: p.Short}
	if blur := maskBlur(spec); blur != nil {
		e.MaskBlur = *blur
	}
	return e
}

// previewOf makes the image that is shown of a preview.
func (p SpecRenderer) previewOf(job string, preview func() *render.Preview) func() image.Image {
	if preview == nil {
		return nil
	}
	return func() image.Image {
		now := preview()
		if now == nil {
			return nil
		}
		for i, verdict := range now.Safety {
			p.logSafety(job, i, "preview", verdict)
		}
		return now.Sheet
	}
}

// logSafety logs what the safety checker says of a tile, for whoever looks for it: it decides nothing yet.
func (p SpecRenderer) logSafety(job string, tile int, of string, v *safety.Verdict) {
	if v == nil || p.Log == nil {
		return
	}
	p.Log.Debug("safety checker", "job", job, "tile", tile+1, "of", of, "flagged", v.Flagged, "scores", v.Scores)
}

// logMemory logs what was done because memory was short, and how much was held on a GPU.
func (p SpecRenderer) logMemory(job string, r *render.Result) {
	if p.Log == nil {
		return
	}
	for _, step := range r.Memory {
		p.Log.Warn("memory was short", "step", step, "job", job)
	}
	if r.LowMemory {
		p.Log.Warn("memory was short: parts of this image were computed one after another", "job", job)
	}
	if r.DeviceBytes > 0 {
		p.Log.Info("the card's memory", "job", job, "peak", fmt.Sprintf("%.2f GiB", float64(r.DeviceBytes)/(1<<30)))
	}
}

// finalError marks what no other try can change.
func (p SpecRenderer) finalError(err error) error {
	var no *render.Refusal
	switch {
	case errors.As(err, &no):
		return Final(no.Sentence, err)
	case errors.Is(err, queue.ErrNotFound):
		return Final(p.Reasons.InputGone, err)
	}
	return err
}

// AboutFile completes what is known of an image once it is a file within limit bytes.
func AboutFile(about queue.File, f encode.File, limit int64) queue.File {
	sum := sha256.Sum256(f.Data)
	about.SHA256 = hex.EncodeToString(sum[:])
	about.Shrunk = about.Shrunk || about.Width > f.Width // it was as large as that before
	about.Width, about.Height, about.Quality = f.Width, f.Height, f.Quality
	if f.Ext != "png" {
		about.PNGBytes, about.Limit = max(about.PNGBytes, f.PNG), limit
	}
	return about
}

// encodeTiles encodes the tiles, with the text that says how each was made, within limit bytes each. It calls encoded
// after each: a large one takes many seconds.
func (p SpecRenderer) encodeTiles(
	spec picture.Spec, job string, limit int64, r *render.Result, encoded func(),
) (Result, error) {
	made := Result{Millis: r.Millis}
	for i, tile := range r.Tiles {
		text := encode.FormatParameters(spec.Tile(i), p.extra(spec))
		file, err := encode.Fit(tile.Image, text, limit)
		if err != nil {
			return Result{}, Final(p.Reasons.TooLarge, err)
		}
		name := fmt.Sprintf("%s-%d.%s", job, i+1, file.Ext)
		about := queue.File{
			Name: name, Seed: tile.Seed, PHash: encode.PHash(tile.Image), LowMemory: r.LowMemory,
			Width: tile.Image.Bounds().Dx(), Height: tile.Image.Bounds().Dy(),
		}
		made.Images = append(made.Images, Image{
			Name: name, Data: file.Data, File: AboutFile(about, file, limit), Safety: tile.Safety,
		})
		p.logSafety(job, i, "image", tile.Safety)
		encoded()
		if i == 0 {
			made.Images[0].File.Notes = r.Notes
		}
	}
	return made, nil
}
