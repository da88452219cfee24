package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"darkroom/bot/admit"
	"darkroom/bot/rest"
	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/store"
)

// copyTimeout is how long the bot tries to copy a start picture before it gives the job up.
const copyTimeout = 10 * time.Minute

// maxInputSide is what the longer side of a start picture is scaled down to, in pixels: no model here paints more, and
// its bytes are kept in SQL.
const maxInputSide = 2048

// attach copies the start picture of a job: fetched, decoded, cleaned of everything but its pixels, kept in SQL, and
// named in the Spec.
func (b *Bot) attachInput(ctx context.Context, e store.Job) (store.Job, error) {
	var source admit.InitImage
	if err := json.Unmarshal(e.PendingInputs, &source); err != nil {
		return e, b.giveUp(ctx, e, reasonInputNotFetched, fmt.Errorf("read start of job %s: %w", e.ID, err))
	}
	in, err := b.copyInput(ctx, source.File)
	var permanent *rest.FetchError
	switch {
	case errors.As(err, &permanent):
		return e, b.giveUp(ctx, e, permanent.Why, err)
	case err != nil && b.o.Now().Sub(e.Created) > copyTimeout:
		return e, b.giveUp(ctx, e, reasonInputNotFetched, err)
	case err != nil:
		return e, err
	}
	spec, err := picture.Decode(e.Spec)
	if err != nil {
		return e, b.giveUp(ctx, e, reasonUnreadable, err)
	}
	spec.Init = &picture.Init{Picture: in, Strength: source.Strength, Placement: source.Place}
	if e.Spec, err = spec.Encode(); err != nil {
		return e, err
	}
	e.Inputs, e.PendingInputs = []string{in.SHA256}, nil
	if attached, err := b.db.AttachInputs(ctx, e.ID, e.Spec, e.Inputs); err != nil {
		return e, err
	} else if !attached {
		return e, errJobEnded
	}
	return e, nil
}

// copyInput fetches an attachment, makes it safe and keeps it.
func (b *Bot) copyInput(ctx context.Context, a admit.Attachment) (picture.Input, error) {
	raw, err := b.fetcher.Fetch(ctx, a.URL, admit.MaxInputBytes)
	if err != nil {
		return picture.Input{}, err
	}
	clean, err := b.cleanInput(ctx, raw)
	if err != nil {
		return picture.Input{}, err
	}
	if err := b.db.PutInput(ctx, clean.SHA256, clean.PNG); err != nil {
		return picture.Input{}, err
	}
	return picture.Input{SHA256: clean.SHA256, Width: clean.Width, Height: clean.Height}, nil
}

// clean decodes a picture and leaves only its pixels, one picture at a time: a few hundred KiB of bytes may unfold to
// hundreds of MiB.
func (b *Bot) cleanInput(ctx context.Context, raw []byte) (encode.CleanImage, error) {
	select {
	case b.decodeSlot <- struct{}{}:
		defer func() { <-b.decodeSlot }()
	case <-ctx.Done():
		return encode.CleanImage{}, ctx.Err()
	}
	clean, err := encode.Clean(raw, admit.MaxInputPixels, maxInputSide)
	if err != nil {
		return encode.CleanImage{}, &rest.FetchError{Why: decodeErrorText(err)}
	}
	return clean, nil
}

// unreadable says what is the matter with a picture that cannot be decoded.
func decodeErrorText(err error) string {
	switch {
	case errors.Is(err, encode.ErrNotImage):
		return "the start picture is no PNG, JPEG, WebP or GIF"
	case errors.Is(err, encode.ErrTooManyPixels):
		return "the start picture has too many pixels"
	case errors.Is(err, encode.ErrAnimated):
		return "the start picture is an animated WebP, which I cannot read"
	}
	return "the start picture is damaged or cut off"
}
