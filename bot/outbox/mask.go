package outbox

import (
	"context"
	"errors"

	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/render/encode"
	"darkroom/render/request"
)

// errEmptyMask means that a mask marks nothing, so that nothing would change.
var errEmptyMask = errors.New("the mask marks nothing")

// copyMask fetches the mask of a start image and reads it, in the size of that image. One of another shape is
// stretched.
func (c *copier) copyMask(
	ctx context.Context, from request.Attachment, image encode.CleanImage,
) (mask encode.CleanImage, reading encode.MaskReading, err error) {
	raw, err := c.fetcher.Fetch(ctx, from.URL, request.MaxInputBytes)
	if _, permanent := errors.AsType[*rest.FetchError](err); permanent {
		return mask, reading, &rest.FetchError{Why: message.ReasonMaskNotFetched}
	}
	if err != nil {
		return mask, reading, err
	}
	err = c.decodeAlone(ctx, maskReason, func(ctx context.Context) error {
		if mask, reading, err = encode.CleanMask(ctx, raw, image, request.MaxInputPixels); err != nil {
			return err
		}
		if mask, err = mask.Stretch(image.Width, image.Height); err != nil {
			return err
		}
		if marks, err := mask.MarksAny(); err != nil || !marks {
			return errors.Join(err, errEmptyMask)
		}
		return nil
	})
	return mask, reading, err
}

// maskReason says why a mask cannot be used.
func maskReason(err error) string {
	var other *encode.OtherFormatError
	switch {
	case errors.As(err, &other):
		return message.ReasonMaskOtherFormat(other.Format)
	case errors.Is(err, errEmptyMask):
		return message.ReasonMaskEmpty
	case errors.Is(err, encode.ErrNotImage):
		return message.ReasonMaskNoImage
	case errors.Is(err, encode.ErrTooManyPixels):
		return message.ReasonMaskTooLarge
	case errors.Is(err, encode.ErrTooComplex), errors.Is(err, context.DeadlineExceeded):
		return message.ReasonMaskTooComplex
	}
	return message.ReasonMaskDamaged
}
