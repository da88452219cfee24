package interaction

import (
	"context"
	"errors"
	"time"

	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/render/encode"
	"darkroom/render/phrase"
	"darkroom/render/request"
)

const (
	// decodeTimeout is how long one image may be decoded while others wait.
	decodeTimeout = 20 * time.Second
	// maxRegionSide is what the longer side of the image is scaled down to, in pixels: its bytes are kept in SQL.
	maxRegionSide = 2048
)

// decoder decodes images one at a time, because a few hundred KiB of bytes may unfold to hundreds of MiB.
type decoder struct{ slot chan struct{} }

func newDecoder() *decoder { return &decoder{make(chan struct{}, 1)} }

// run runs what decodes, with a time limit. An image that cannot be read is a refusal.
func (d *decoder) run(ctx context.Context, decode func(context.Context) error) error {
	select {
	case d.slot <- struct{}{}:
		defer func() { <-d.slot }()
	case <-ctx.Done():
		return ctx.Err()
	}
	limited, cancel := context.WithTimeout(ctx, decodeTimeout)
	defer cancel()
	err := decode(limited)
	var other *encode.OtherFormatError
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case errors.As(err, &other):
		return message.ErrMaskFormat(other.Format)
	case errors.Is(err, encode.ErrNotImage):
		return message.ErrMaskNoImage
	case errors.Is(err, encode.ErrTooManyPixels):
		return message.ErrMaskTooLarge
	}
	return message.ErrMaskDamaged
}

// shownRegion is an image with its region.
type shownRegion struct {
	image, mask encode.CleanImage // of one size
	preview     []byte
	notes       []phrase.Phrase
}

// read fetches the image and the mask, and draws the preview.
func (g *regions) read(ctx context.Context, r *responder, ask regionRequest) (s shownRegion, err error) {
	data, err := g.tiles.tileBytes(ctx, r, ask.File)
	if err != nil {
		return s, err
	}
	var mask []byte
	if ask.Mask != nil {
		if mask, err = g.fetchMask(ctx, *ask.Mask); err != nil {
			return s, err
		}
	}
	err = g.decoder.run(ctx, func(ctx context.Context) error {
		if s.image, err = encode.Clean(ctx, data, request.MaxInputPixels, maxRegionSide); err != nil {
			return err
		}
		if err := s.readMask(ctx, ask.Cells, mask); err != nil {
			return err
		}
		s.preview, err = encode.PreviewRegion(s.image, s.mask, maxPreviewSide)
		return err
	})
	if err != nil {
		return s, err
	}
	if marks, err := s.mask.MarksAny(); err != nil || !marks {
		return s, errors.Join(err, message.ErrEmptyMask)
	}
	return s, nil
}

// fetchMask downloads a mask.
func (g *regions) fetchMask(ctx context.Context, f request.Attachment) ([]byte, error) {
	if f.Size > request.MaxInputBytes {
		return nil, message.ErrMaskTooLarge
	}
	data, err := g.tiles.fetcher.Fetch(ctx, f.URL, request.MaxInputBytes)
	if _, permanent := errors.AsType[*rest.FetchError](err); permanent {
		return nil, message.ErrMaskGone
	}
	return data, err
}

// readMask makes the mask, in the size of the image: of cells, of a file, or of both together. A file of another shape
// is stretched.
func (s *shownRegion) readMask(ctx context.Context, cells []int, file []byte) (err error) {
	if s.mask, err = encode.CellMask(s.image.Width, s.image.Height, cells); err != nil || file == nil {
		return err
	}
	drawn, reading, err := encode.CleanMask(ctx, file, s.image, request.MaxInputPixels)
	if err != nil {
		return err
	}
	s.notes = append(s.notes, maskNote(reading))
	if drawn, err = drawn.Stretch(s.image.Width, s.image.Height); err != nil {
		return err
	}
	s.mask, err = encode.JoinMasks(s.mask, drawn)
	return err
}

// maskNote says how a mask was read.
func maskNote(reading encode.MaskReading) phrase.Phrase {
	return map[encode.MaskReading]phrase.Phrase{
		encode.MaskByBrightness: message.MaskReadByBrightness(), encode.MaskByOpacity: message.MaskReadByOpacity(),
		encode.MaskByHoles: message.MaskReadByHoles(),
	}[reading]
}
