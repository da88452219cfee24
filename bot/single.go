package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"darkroom/bot/admit"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/store"
)

// single posts one tile alone, at once: its bytes are already on the message that was clicked on.
func (h *handler) single(ctx context.Context) error {
	e, v, err := h.clickedJob(ctx)
	if err != nil {
		return err
	}
	if no := admit.CheckPlace(h.req.Place); no != nil {
		return no
	}
	n := max(h.click.Tile, 1)
	file, files, err := h.tileFile(e, n)
	if err != nil {
		return err
	}
	if _, err := h.respond(ctx, message.Defer(h.req.Ephemeral)); err != nil {
		return err
	}
	h.deferred = true
	data, err := h.tileBytes(ctx, file)
	if err != nil {
		return err
	}
	to := h.address()
	to.Verb, to.Spoiler, to.Ephemeral = "single", e.Spoiler, h.req.Ephemeral
	spec := v.spec.Tile(n - 1)
	m := message.Finished(to, spec, e.ID, []message.File{{Name: fmt.Sprintf("%s-%d%s", e.ID, n, extension(file.Name)), Data: data}}, files)
	m.Rows = message.SingleRows(spec, e.ID, n)
	if _, err := h.discord.EditResponse(ctx, to, m); err != nil {
		return fmt.Errorf("post a single picture of job %s: %w", e.ID, err)
	}
	return nil
}

// tileFile finds tile n on the message: by the name it was posted under, else by its place.
func (h *handler) tileFile(e store.Job, n int) (admit.Attachment, []queue.File, error) {
	var out queue.Outcome
	var files []queue.File
	if err := json.Unmarshal(e.Outcome, &out); err == nil && n <= len(out.Files) {
		files = out.Files[n-1 : n]
		for _, f := range h.req.Files {
			if strings.TrimPrefix(f.Name, "SPOILER_") == files[0].Name {
				return f, files, nil
			}
		}
	}
	if n > len(h.req.Files) {
		return admit.Attachment{}, nil, errNoTile
	}
	return h.req.Files[n-1], files, nil
}

// tileBytes fetches a tile. Links expire, so one that was refused is asked for anew.
func (h *handler) tileBytes(ctx context.Context, f admit.Attachment) ([]byte, error) {
	data, err := h.fetcher.Fetch(ctx, f.URL, admit.MaxInputBytes)
	var permanent *rest.FetchError
	if !errors.As(err, &permanent) {
		return data, err
	}
	p, lerr := h.discord.FetchMessage(ctx, h.req.Place.Channel, h.req.Message)
	if lerr != nil {
		return nil, errNoTile
	}
	for _, a := range p.Attachments {
		if a.ID == f.ID {
			if data, err = h.fetcher.Fetch(ctx, a.URL, admit.MaxInputBytes); errors.As(err, &permanent) {
				return nil, errNoTile
			}
			return data, err
		}
	}
	return nil, errNoTile
}

// extension returns the ending of a file name, among those that pictures are posted with.
func extension(name string) string {
	for _, e := range []string{".jpg", ".webp"} {
		if strings.HasSuffix(strings.ToLower(name), e) {
			return e
		}
	}
	return ".png"
}
