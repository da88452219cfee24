package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"darkroom/bot/admit"
	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/render/encode"
	"darkroom/render/picture"
)

const (
	// copyTimeout is how long the bot tries to copy a start picture before it gives the job up.
	copyTimeout = 10 * time.Minute
	// maxInputSide is what the longer side of a start picture is scaled down to, in pixels: no model here paints more, and
	// its bytes are kept in SQL.
	maxInputSide = 2048
)

// attachInput copies the start picture of a job: it is fetched, decoded, reduced to its pixels, kept in SQL and named in
// the Spec.
func (o *Outbox) attachInput(ctx context.Context, j job.Job) (job.Job, error) {
	var source admit.InitImage
	if err := json.Unmarshal(j.PendingInputs, &source); err != nil {
		return j, o.giveUp(ctx, j, message.ReasonInputNotFetched, fmt.Errorf("read start picture of job %s: %w", j.ID, err))
	}
	in, err := o.copyInput(ctx, source.File)
	var permanent *rest.FetchError
	switch {
	case errors.As(err, &permanent):
		return j, o.giveUp(ctx, j, permanent.Why, err)
	case err != nil && o.opts.Now().Sub(j.Created) > copyTimeout:
		return j, o.giveUp(ctx, j, message.ReasonInputNotFetched, err)
	case err != nil:
		return j, err
	}
	if j.Spec.Version == 0 { // it could not be read
		_, err := job.Read(j.Job)
		return j, o.giveUp(ctx, j, message.ReasonUnreadable, err)
	}
	spec := j.Spec
	spec.Init = &picture.Init{Picture: in, Strength: source.Strength, Placement: source.Place}
	if j, err = j.WithSpec(spec); err != nil {
		return j, err
	}
	j.Inputs, j.PendingInputs = []string{in.SHA256}, nil
	if attached, err := o.db.AttachInputs(ctx, j.ID, j.Job.Spec, j.Inputs); err != nil {
		return j, err
	} else if !attached {
		return j, errJobEnded
	}
	return j, nil
}

// copyInput fetches an attachment, makes it safe and keeps it.
func (o *Outbox) copyInput(ctx context.Context, a admit.Attachment) (picture.Input, error) {
	raw, err := o.opts.Fetcher.Fetch(ctx, a.URL, admit.MaxInputBytes)
	if err != nil {
		return picture.Input{}, err
	}
	clean, err := o.cleanInput(ctx, raw)
	if err != nil {
		return picture.Input{}, err
	}
	if err := o.db.PutInput(ctx, clean.SHA256, clean.PNG); err != nil {
		return picture.Input{}, err
	}
	return picture.Input{SHA256: clean.SHA256, Width: clean.Width, Height: clean.Height}, nil
}

// cleanInput decodes a picture and leaves only its pixels, one picture at a time: a few hundred KiB of bytes may unfold to
// hundreds of MiB.
func (o *Outbox) cleanInput(ctx context.Context, raw []byte) (encode.CleanImage, error) {
	select {
	case o.decodeSlot <- struct{}{}:
		defer func() { <-o.decodeSlot }()
	case <-ctx.Done():
		return encode.CleanImage{}, ctx.Err()
	}
	clean, err := encode.Clean(raw, admit.MaxInputPixels, maxInputSide)
	if err != nil {
		return encode.CleanImage{}, &rest.FetchError{Why: decodeReason(err)}
	}
	return clean, nil
}

// decodeReason says why a picture cannot be decoded.
func decodeReason(err error) string {
	switch {
	case errors.Is(err, encode.ErrNotImage):
		return message.ReasonInputNoImage
	case errors.Is(err, encode.ErrTooManyPixels):
		return message.ReasonInputTooManyPixels
	case errors.Is(err, encode.ErrAnimated):
		return message.ReasonInputAnimated
	}
	return message.ReasonInputDamaged
}
