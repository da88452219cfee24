package render

import (
	"context"
	"image"
	"image/color"
	"image/draw"
	"slices"
	"sync"

	"darkroom/render/picture"
	"darkroom/render/tensor"
)

// previews holds what each tile looks like by now. Its sheets are decoded from the denoised estimate, not from the
// noisy latents, so they sharpen from the first step on.
type previews struct {
	renderer  *Renderer
	spec      picture.Spec
	estimates []tensor.Tensor // by tile, replaced and never changed; empty for a tile that has not begun
	open      bool            // until the job is over
	mu        sync.RWMutex    // guards open; it is read-locked while a sheet is decoded
}

func newPreviews(r *Renderer, s picture.Spec) *previews {
	return &previews{renderer: r, spec: s, estimates: make([]tensor.Tensor, s.Count), open: true}
}

// set takes the estimates of a group that begins with tile first.
func (v *previews) set(first int, denoised tensor.Tensor) {
	for i := range denoised.Batch() {
		v.estimates[first+i] = denoised.Row(i)
	}
}

func (v *previews) snapshot() []tensor.Tensor { return slices.Clone(v.estimates) }

// close ends previewing and waits for a sheet that is being decoded, since the model may be closed afterwards.
func (v *previews) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open = false
}

// decodeAll decodes one preview: the tiles of a job in two columns, grey where there is nothing yet.
func (v *previews) decodeAll(ctx context.Context, estimates []tensor.Tensor) *Preview {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if !v.open {
		return nil
	}
	var tiles []*image.NRGBA
	for _, e := range estimates {
		if e.Data == nil {
			tiles = append(tiles, nil)
			continue
		}
		pixels, err := v.decode(ctx, e)
		if err != nil {
			return nil
		}
		tiles = append(tiles, toImage(pixels, rounding(v.spec.Dialect)))
	}
	verdicts, err := v.renderer.checkPreview(ctx, tiles)
	if err != nil {
		return nil
	}
	return &Preview{composeSheet(tiles), verdicts}
}

// decode makes an image of an estimate, by the tiny decoder if there is one: that is quick enough to show four times
// the pixels. The estimate is made smaller first, or the image afterwards where the networks take one size only.
func (v *previews) decode(ctx context.Context, estimate tensor.Tensor) (tensor.Tensor, error) {
	r, most := v.renderer, v.renderer.options.PreviewPixels
	if r.parts.PreviewDecoder != nil {
		most *= 4
	}
	by := v.poolFactor(estimate, most)
	if !r.parts.Config.FixedSize {
		return v.decodeEstimate(ctx, tensor.AveragePool(estimate, by))
	}
	pixels, err := v.decodeEstimate(ctx, estimate)
	if err != nil {
		return tensor.Tensor{}, err
	}
	return tensor.AveragePool(pixels, by), nil
}

// decodeEstimate runs a decoder on an estimate.
func (v *previews) decodeEstimate(ctx context.Context, estimate tensor.Tensor) (tensor.Tensor, error) {
	r := v.renderer
	if r.parts.PreviewDecoder == nil {
		return r.toPixels(ctx, r.parts.Decoder, estimate)
	}
	return r.parts.PreviewDecoder.DecodeLatents(ctx, estimate)
}

// poolFactor says by how much a latent must be made smaller to keep to so many pixels.
func (v *previews) poolFactor(latent tensor.Tensor, pixels int) int {
	f := v.renderer.parts.Config.PixelsPerLatent
	h, w, by := latent.Shape[2], latent.Shape[3], 1
	for by < min(h, w) && (h/by)*(w/by)*f*f > pixels {
		by++
	}
	return by
}

// composeSheet places tiles of one size, two in a row.
func composeSheet(tiles []*image.NRGBA) image.Image {
	var size image.Point
	for _, t := range tiles {
		if t != nil {
			size = t.Bounds().Size()
		}
	}
	columns := min(len(tiles), 2)
	rows := (len(tiles) + columns - 1) / columns
	sheet := image.NewNRGBA(image.Rect(0, 0, columns*size.X, rows*size.Y))
	draw.Draw(sheet, sheet.Bounds(), image.NewUniform(color.Gray{Y: 128}), image.Point{}, draw.Src)
	for i, t := range tiles {
		if t != nil {
			at := image.Pt(i%columns*size.X, i/columns*size.Y)
			draw.Draw(sheet, image.Rectangle{Min: at, Max: at.Add(size)}, t, image.Point{}, draw.Src)
		}
	}
	return sheet
}
