package interaction

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"darkroom/bot/admit"
	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/render/request"
)

// single posts one tile alone.
type single struct {
	clicks  *clicks
	fetcher fetcher
	used    *usedButtons
	plain   bool // it gets a message of the older form
}

// post posts one tile alone, without a job: the message that was clicked has its file.
func (s *single) post(ctx context.Context, r *responder) error {
	j, err := s.clicks.job(ctx, r)
	if err != nil {
		return err
	}
	if refusal := admit.CheckPlace(r.req.Place); refusal != nil {
		return refusal
	}
	n := tileNumber(r)
	file, files, err := tileFile(r, j, n)
	if err != nil {
		return err
	}
	if err := r.postpone(ctx, r.req.Ephemeral); err != nil {
		return err
	}
	data, err := s.tileBytes(ctx, r, file)
	if err != nil {
		return err
	}
	to := r.address()
	to.Verb, to.Spoiler, to.Ephemeral, to.Card = "single", j.Spoiler, keepsPrivate(r, j), !s.plain
	to.Language = r.languageFor(r.req.Ephemeral)
	to.Flags, to.Draft = tileFlags(j, n), j.Address.Draft
	spec := j.Spec.Tile(n - 1)
	alone := message.File{Name: fmt.Sprintf("%s-%d%s", j.ID, n, extension(file.Name)), Data: data}
	m := message.Finished(to, spec, j.ID, message.Result{
		Files: []message.File{alone}, Made: files, Millis: j.Outcome().Millis, Tile: n,
	})
	if err := r.edit(ctx, m); err != nil {
		return fmt.Errorf("post a single image of job %s: %w", j.ID, err)
	}
	s.used.mark(r, j)
	return nil
}

// tileFile finds tile n on the message: by the name of its file, else by its number.
func tileFile(r *responder, j job.Job, n int) (request.Attachment, []queue.File, error) {
	var files []queue.File
	if out := j.Outcome(); n <= len(out.Files) {
		files = out.Files[n-1 : n]
		for _, f := range r.req.Files {
			if strings.TrimPrefix(f.Name, message.SpoilerPrefix) == files[0].Name {
				return f, files, nil
			}
		}
	}
	if n > len(r.req.Files) {
		return request.Attachment{}, nil, message.ErrNoTile
	}
	return r.req.Files[n-1], files, nil
}

// tileBytes downloads a tile. Links expire: if Discord refuses one, it is asked for a new link.
func (s *single) tileBytes(ctx context.Context, r *responder, f request.Attachment) ([]byte, error) {
	data, err := s.fetcher.Fetch(ctx, f.URL, request.MaxInputBytes)
	var permanent *rest.FetchError
	if !errors.As(err, &permanent) {
		return data, err
	}
	m, lerr := r.discord.FetchMessage(ctx, r.req.Place.Channel, r.req.Message)
	if lerr != nil {
		return nil, message.ErrNoTile
	}
	for _, a := range m.Files() {
		if a.ID == f.ID {
			if data, err = s.fetcher.Fetch(ctx, a.URL, request.MaxInputBytes); errors.As(err, &permanent) {
				return nil, message.ErrNoTile
			}
			return data, err
		}
	}
	return nil, message.ErrNoTile
}

// extension returns the extension of an image's file name.
func extension(name string) string {
	for _, e := range []string{".jpg", ".webp"} {
		if strings.HasSuffix(strings.ToLower(name), e) {
			return e
		}
	}
	return ".png"
}
