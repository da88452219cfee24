package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/request"
)

const (
	// copyTimeout is how long the bot tries to copy a start image before it gives the job up.
	copyTimeout = 10 * time.Minute
	// attemptTimeout is how long one attempt to copy it may take, with the wait until others are decoded.
	attemptTimeout = time.Minute
	// decodeTimeout is how long one start image may be decoded while others wait. A large one takes about a second.
	decodeTimeout = 20 * time.Second
	// maxInputSide is what the longer side of a start image is scaled down to, in pixels: no model here renders more, and
	// its bytes are kept in SQL.
	maxInputSide = 2048
)

// inputStore keeps input images.
type inputStore interface {
	PutInput(ctx context.Context, sha string, data []byte) error
	AttachInputs(ctx context.Context, id string, spec json.RawMessage, inputs []string) (bool, error)
}

// copier copies input images from Discord.
type copier struct {
	db         inputStore
	fetcher    fetcher
	now        func() time.Time
	decodeSlot chan struct{} // holds one value while an image is decoded
	attempt    time.Duration // see attemptTimeout
	decode     time.Duration // see decodeTimeout
	stopping   chan struct{} // closed when the bot is stopped: who copies leaves it to the relay of the next start
}

// lostInput is a start image that cannot be copied, so that its job cannot be rendered.
type lostInput struct {
	reason string // for the job's owner
	cause  error
}

// errUnreadable means that a job's Spec could not be decoded.
var errUnreadable = errors.New("its Spec cannot be read")

// Error describes it for the log.
func (l *lostInput) Error() string { return l.cause.Error() }

// attach copies the start image of a job, and its mask: they are fetched, decoded, reduced to their pixels, kept in SQL
// and named in the Spec. read is how the mask was understood. An error that is a *lostInput will not pass. Once ctx is
// done nothing is lost yet: the caller has no more time, and the relay tries again.
func (c *copier) attach(ctx context.Context, j job.Job) (_ job.Job, read *encode.MaskReading, err error) {
	var source request.InitImage
	if err := json.Unmarshal(j.PendingInputs, &source); err != nil {
		return j, read, &lostInput{message.ReasonInputNotFetched, fmt.Errorf("read start picture of job %s: %w", j.ID, err)}
	}
	made, err := c.copyWithin(ctx, c.attempt, source, j.Spec)
	var permanent *rest.FetchError
	switch {
	case errors.As(err, &permanent):
		return j, read, &lostInput{permanent.Why, err}
	case err != nil && (ctx.Err() != nil || c.isStopping()):
		return j, read, err
	case err != nil && c.now().Sub(j.Created) > copyTimeout:
		return j, read, &lostInput{message.ReasonInputNotFetched, err}
	case err != nil:
		return j, read, err
	}
	if j.Spec.Version == 0 {
		return j, read, &lostInput{message.ReasonUnreadable, errUnreadable}
	}
	spec := j.Spec
	spec.Init = &picture.Init{
		Picture: made.image, Mask: made.mask, Strength: source.Strength, Placement: source.Place, Window: source.Window,
	}
	prompt.SettleVersion(&spec)
	if j, err = j.WithSpec(spec); err != nil {
		return j, read, err
	}
	j.Inputs, j.PendingInputs = made.hashes(), nil
	if attached, err := c.db.AttachInputs(ctx, j.ID, j.Job.Spec, j.Inputs); err != nil {
		return j, read, err
	} else if !attached {
		return j, read, errJobEnded
	}
	return j, made.read, nil
}

// inputCopy is the copy of a start image and of its mask.
type inputCopy struct {
	image picture.Input
	mask  *picture.Input // nil for none
	read  *encode.MaskReading
}

func (c inputCopy) hashes() []string {
	all := []string{c.image.SHA256}
	if c.mask != nil && c.mask.SHA256 != c.image.SHA256 {
		all = append(all, c.mask.SHA256)
	}
	return all
}

// copyWithin is copy with a time limit, which also ends when the bot is stopped.
func (c *copier) copyWithin(
	ctx context.Context, limit time.Duration, source request.InitImage, spec picture.Spec,
) (inputCopy, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	go func() {
		select {
		case <-c.stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	return c.copy(ctx, source, spec)
}

func (c *copier) isStopping() bool {
	select {
	case <-c.stopping:
		return true
	default:
		return false
	}
}

// copy fetches the images of a job, makes them safe, gives them the shape of the Spec if that was asked for, and keeps
// them.
func (c *copier) copy(ctx context.Context, source request.InitImage, spec picture.Spec) (made inputCopy, err error) {
	raw, err := c.fetcher.Fetch(ctx, source.File.URL, request.MaxInputBytes)
	if err != nil {
		return made, err
	}
	clean, err := c.clean(ctx, raw)
	if err != nil {
		return made, err
	}
	if source.Mask != nil {
		mask, reading, err := c.copyMask(ctx, *source.Mask, clean)
		if err != nil {
			return made, err
		}
		in, err := c.keep(ctx, mask, source.Resize, spec)
		if err != nil {
			return made, err
		}
		made.mask, made.read = &in, &reading
	}
	made.image, err = c.keep(ctx, clean, source.Resize, spec)
	return made, err
}

// keep stores an image in the shape that the renderer needs.
func (c *copier) keep(
	ctx context.Context, clean encode.CleanImage, mode string, spec picture.Spec,
) (picture.Input, error) {
	clean, err := resize(clean, mode, spec)
	if err != nil {
		return picture.Input{}, err
	}
	if err := c.db.PutInput(ctx, clean.SHA256, clean.PNG); err != nil {
		return picture.Input{}, err
	}
	return picture.Input{SHA256: clean.SHA256, Width: clean.Width, Height: clean.Height}, nil
}

// resize brings a start image to the shape of the Spec, so that the renderer has nothing to crop.
func resize(clean encode.CleanImage, mode string, spec picture.Spec) (encode.CleanImage, error) {
	switch {
	case spec.Version == 0: // it could not be read; attach tells
	case mode == request.ResizeFill:
		return clean.Fill(spec.Width, spec.Height)
	case mode == request.ResizeStretch:
		return clean.Stretch(spec.Width, spec.Height)
	}
	return clean, nil
}

// clean decodes an image and leaves only its pixels.
func (c *copier) clean(ctx context.Context, raw []byte) (made encode.CleanImage, err error) {
	err = c.decodeAlone(ctx, decodeReason, func(ctx context.Context) error {
		made, err = encode.Clean(ctx, raw, request.MaxInputPixels, maxInputSide)
		return err
	})
	return made, err
}

// decodeAlone runs what decodes an image, one image at a time: a few hundred KiB of bytes may unfold to hundreds of
// MiB. One that takes too long is abandoned, so that nobody waits for it for long. reason says why an image cannot be
// decoded.
func (c *copier) decodeAlone(
	ctx context.Context, reason func(error) string, decode func(context.Context) error,
) error {
	select {
	case c.decodeSlot <- struct{}{}:
		defer func() { <-c.decodeSlot }()
	case <-ctx.Done():
		return ctx.Err()
	}
	limited, cancel := context.WithTimeout(ctx, c.decode)
	defer cancel()
	err := decode(limited)
	if err != nil && ctx.Err() == nil {
		return &rest.FetchError{Why: reason(err)}
	}
	return err
}

// decodeReason says why an image cannot be decoded.
func decodeReason(err error) string {
	var other *encode.OtherFormatError
	switch {
	case errors.As(err, &other):
		return message.ReasonInputOtherFormat(other.Format)
	case errors.Is(err, encode.ErrNotImage):
		return message.ReasonInputNoImage
	case errors.Is(err, encode.ErrTooManyPixels):
		return message.ReasonInputTooManyPixels(request.MaxInputPixels)
	case errors.Is(err, encode.ErrTooComplex), errors.Is(err, context.DeadlineExceeded):
		return message.ReasonInputTooComplex
	}
	return message.ReasonInputDamaged
}
