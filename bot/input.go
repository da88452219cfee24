package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"darkroom/bot/admit"
	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/store"
)

// discordCDN are the hosts that Discord serves attachments from. Nothing is fetched from anywhere else: an address is
// typed by strangers and would otherwise reach into the machine's own network.
var discordCDN = []string{"cdn.discordapp.com", "media.discordapp.net"}

// copyTimeout is how long the bot tries to copy a start picture before it gives the job up.
const copyTimeout = 10 * time.Minute

// maxInputSide is what the longer side of a start picture is scaled down to, in pixels: no model here paints more, and
// its bytes are kept in SQL.
const maxInputSide = 2048

// permanentFetchError is an input picture that will never come, as opposed to one that may come later. why is a clause for people.
type permanentFetchError struct{ why string }

func (n *permanentFetchError) Error() string { return n.why }

// attach copies the start picture of a job: fetched, decoded, cleaned of everything but its pixels, kept in SQL, and
// named in the Spec.
func (b *Bot) attachInput(ctx context.Context, e store.Job) (store.Job, error) {
	var source admit.InitImage
	if err := json.Unmarshal(e.PendingInputs, &source); err != nil {
		return e, b.giveUp(ctx, e, reasonInputNotFetched, fmt.Errorf("read start of job %s: %w", e.ID, err))
	}
	in, err := b.copyInput(ctx, source.File)
	var permanent *permanentFetchError
	switch {
	case errors.As(err, &permanent):
		return e, b.giveUp(ctx, e, permanent.why, err)
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
	raw, err := b.fetch(ctx, a.URL, admit.MaxInputBytes)
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
		return encode.CleanImage{}, &permanentFetchError{decodeErrorText(err)}
	}
	return clean, nil
}

// fetch reads an attachment from Discord's own hosts, at most so many bytes of it.
func (b *Bot) fetch(ctx context.Context, address string, most int64) ([]byte, error) {
	if !b.fetchable(address) {
		return nil, &permanentFetchError{"the start picture's address is not one of Discord's"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, &permanentFetchError{"the start picture's address cannot be read"}
	}
	client := *b.o.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetch attachment: %w", withoutURL(err))
	}
	defer answer.Body.Close()
	switch {
	case answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests:
		return nil, fmt.Errorf("fetch attachment: HTTP %d", answer.StatusCode)
	case answer.StatusCode != http.StatusOK:
		return nil, &permanentFetchError{fmt.Sprintf("Discord did not hand out the start picture (HTTP %d)", answer.StatusCode)}
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, most+1))
	if err != nil {
		return nil, fmt.Errorf("fetch attachment: %w", withoutURL(err))
	}
	if int64(len(data)) > most {
		return nil, &permanentFetchError{fmt.Sprintf("the start picture is bigger than %d MiB", most>>20)}
	}
	return data, nil
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

// fetchable tells whether an address is one of Discord's, or of the hosts the options add.
func (b *Bot) fetchable(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return false
	}
	if slices.Contains(b.o.CDN, u.Host) {
		return u.Scheme == "http" || u.Scheme == "https"
	}
	return u.Scheme == "https" && slices.Contains(discordCDN, strings.ToLower(u.Host))
}

// withoutURL drops the address from an error: it carries a signature.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
