package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"darkroom/bot/admit"
	"darkroom/bot/reply"
	"darkroom/queue"
	"darkroom/store"
)

// single posts one tile alone, at once: its bytes are already on the message that was clicked on.
func (t *turn) single(ctx context.Context) error {
	e, v, err := t.clicked(ctx)
	if err != nil {
		return err
	}
	if no := admit.MayPost(t.req.Place); no != nil {
		return no
	}
	n := max(t.click.Tile, 1)
	file, made, err := t.tileFile(e, n)
	if err != nil {
		return err
	}
	if _, err := t.answer(ctx, reply.Defer(t.req.Ephemeral)); err != nil {
		return err
	}
	t.thinking = true
	data, err := t.tileBytes(ctx, file)
	if err != nil {
		return err
	}
	to := t.to()
	to.Verb, to.Spoiler, to.Ephemeral = "single", e.Spoiler, t.req.Ephemeral
	spec := v.spec.Tile(n - 1)
	m := reply.Finished(to, spec, e.ID, []reply.File{{Name: fmt.Sprintf("%s-%d%s", e.ID, n, extension(file.Name)), Data: data}}, made)
	m.Rows = reply.SingleRows(spec, e.ID, n)
	if _, err := t.discord.Edit(ctx, to, m); err != nil {
		return fmt.Errorf("post a single picture of job %s: %w", e.ID, err)
	}
	return nil
}

// tileFile finds tile n on the message: by the name it was posted under, else by its place.
func (t *turn) tileFile(e store.Entry, n int) (admit.Attachment, []queue.File, error) {
	var out queue.Outcome
	var made []queue.File
	if err := json.Unmarshal(e.Outcome, &out); err == nil && n <= len(out.Files) {
		made = out.Files[n-1 : n]
		for _, f := range t.req.Files {
			if strings.TrimPrefix(f.Name, "SPOILER_") == made[0].Name {
				return f, made, nil
			}
		}
	}
	if n > len(t.req.Files) {
		return admit.Attachment{}, nil, errNoTile
	}
	return t.req.Files[n-1], made, nil
}

// tileBytes fetches a tile. Links expire, so one that was refused is asked for anew.
func (t *turn) tileBytes(ctx context.Context, f admit.Attachment) ([]byte, error) {
	data, err := t.fetch(ctx, f.URL, admit.MaxStartBytes)
	var never *notFetched
	if !errors.As(err, &never) {
		return data, err
	}
	p, lerr := t.discord.Message(ctx, t.req.Place.Channel, t.req.Message)
	if lerr != nil {
		return nil, errNoTile
	}
	for _, a := range p.Attachments {
		if a.ID == f.ID {
			if data, err = t.fetch(ctx, a.URL, admit.MaxStartBytes); errors.As(err, &never) {
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
