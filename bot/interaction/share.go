package interaction

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"darkroom/bot/admit"
	"darkroom/bot/button"
	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/render/picture"
	"darkroom/render/request"
	"darkroom/store"
)

// shareNonceLife is for how long a repeated post surely returns the first one. Source: Discord, resources/message,
// "enforce_nonce": a few minutes.
const shareNonceLife = time.Minute

// sharedPosts remembers what was shared.
type sharedPosts interface {
	BeginPost(ctx context.Context, job, kind, channel string) (p store.Post, begun bool, err error)
	EndPost(ctx context.Context, job, kind string, state store.PostState, message string) error
	TakeBackPost(ctx context.Context, job, kind string) error
	Post(ctx context.Context, job, kind string) (store.Post, error)
}

// sharing shows private images to everybody in the channel. However often the button is pressed, they are posted once.
type sharing struct {
	clicks  *clicks
	discord *rest.Client
	db      sharedPosts
	fetcher fetcher
	catalog catalog
	plain   bool // the public message is of the older form
	now     func() time.Time
}

func newSharing(o Options, c *clicks) *sharing {
	return &sharing{
		clicks: c, discord: o.Discord, db: o.Store, fetcher: o.Fetcher, catalog: o.Catalog, plain: o.Plain, now: o.Now,
	}
}

// sharedImages are the private images of a message that are to be shared.
type sharedImages struct {
	job   job.Job
	spec  picture.Spec
	flags string
	tile  int // the tile that the message shows alone; 0 for all
}

// share is the button Share.
func (s *sharing) share(ctx context.Context, r *responder) error {
	i, err := s.shareable(ctx, r)
	if err != nil {
		return err
	}
	if err := r.acknowledge(ctx); err != nil {
		return err
	}
	at, err := s.post(ctx, r, i)
	if err != nil {
		return err
	}
	return s.showShared(ctx, r, i, at)
}

// shareable finds what is to be shared, if the person may do that here.
func (s *sharing) shareable(ctx context.Context, r *responder) (sharedImages, error) {
	j, err := s.clicks.job(ctx, r)
	if err != nil {
		return sharedImages{}, err
	}
	if j.User != r.req.Person.ID {
		return sharedImages{}, message.ErrNotYourPrivate
	}
	if refusal := admit.CheckPlace(r.req.Place); refusal != nil {
		return sharedImages{}, refusal
	}
	available := s.catalog.Available()
	i := sharedImages{job: j, spec: j.Spec, flags: j.Address.Flags, tile: r.click.Tile}
	switch {
	case len(r.req.Files) == 0 || i.tile > j.Spec.Count:
		return sharedImages{}, message.ErrNoTile
	case r.req.Place.AgeRestricted:
	case len(available.Models) > 0 && available.AgeRestricted(j.Spec):
		return sharedImages{}, message.ErrShareAdult
	case !available.Knows(j.Spec):
		return sharedImages{}, message.ErrShareUnknown
	}
	if i.tile > 0 {
		i.spec, i.flags = j.Spec.Tile(i.tile-1), tileFlags(j, i.tile)
	}
	return i, nil
}

// post posts the images, unless they are posted already, and returns where they are.
func (s *sharing) post(ctx context.Context, r *responder, i sharedImages) (store.Post, error) {
	kind := store.SharePost(i.tile)
	p, begun, err := s.db.BeginPost(ctx, i.job.ID, kind, r.req.Place.Channel)
	switch {
	case err != nil:
		return p, err
	case p == store.Post{}:
		return p, message.ErrNoJob // it was erased just now
	case p.State != store.PostSending:
		return p, nil
	case !begun && s.now().Sub(p.At) >= shareNonceLife:
		if known, err := s.findEarlier(ctx, i, p); known || err != nil {
			return s.read(ctx, i, err)
		}
		if err := s.db.TakeBackPost(ctx, i.job.ID, kind); err != nil {
			return p, err
		}
		if p, begun, err = s.db.BeginPost(ctx, i.job.ID, kind, r.req.Place.Channel); err != nil {
			return p, err
		}
	}
	refused, err := s.send(ctx, r, i, p)
	if refused && begun { // if another press began it, that one may be posting now
		err = errors.Join(err, s.db.TakeBackPost(ctx, i.job.ID, kind))
	}
	return s.read(ctx, i, err)
}

// read returns what is noted of a post, unless it failed.
func (s *sharing) read(ctx context.Context, i sharedImages, failed error) (store.Post, error) {
	if failed != nil {
		return store.Post{}, failed
	}
	return s.db.Post(ctx, i.job.ID, store.SharePost(i.tile))
}

// findEarlier looks whether an earlier post of the images arrived whose answer nobody heard.
func (s *sharing) findEarlier(ctx context.Context, i sharedImages, p store.Post) (known bool, err error) {
	more := button.ID{Verb: button.More, Job: i.job.ID, Tile: i.tile} // of a card
	info := button.ID{Verb: button.Info, Job: i.job.ID, Tile: i.tile} // of the older form
	// A minute of grace: clocks differ, and an id made by Discord's is compared with ours.
	since := p.At.Add(-time.Minute)
	found, err := s.discord.FindMessage(ctx, p.Channel, since, more.String(), info.String())
	switch {
	case rest.Removed(err):
		return false, nil // the channel was deleted, and the message with it
	case rest.Final(err) || err == nil && !found.Conclusive:
		return false, message.ErrMaybeShared
	case err != nil || found.Message.ID == "":
		return false, err
	}
	return true, s.db.EndPost(ctx, i.job.ID, p.Kind, store.PostMade, found.Message.ID)
}

// send posts the images and notes the message. refused tells that they were surely not posted. A private message may
// hold larger files than a public one: what is refused as too large is posted in smaller forms.
func (s *sharing) send(ctx context.Context, r *responder, i sharedImages, p store.Post) (refused bool, err error) {
	files, err := s.files(ctx, r)
	if err != nil {
		return true, err
	}
	images := rest.NewUpload(files, i.result().Made, r.req.Place.FileLimit)
	posted, err := r.discord.PostMessage(ctx, p.Channel, s.publicMessage(r, i, images))
	begun := posted.ID != "" // some of the images may be there
	for rest.TooLarge(err) && r.lower(ctx, images) {
		posted, err = r.discord.PostMessage(ctx, p.Channel, s.publicMessage(r, i, images))
		begun = begun || posted.ID != ""
	}
	switch {
	case rest.MessageRemoved(err): // an earlier post arrived, and somebody deleted it
	case rest.Final(err) && (begun || rest.MaybeApplied(err)):
		return false, message.ErrMaybeShared
	case rest.TooLarge(err):
		return true, message.ErrShareTooLarge
	case rest.Final(err):
		return true, message.ErrCannotShare
	case err != nil:
		return false, fmt.Errorf("share job %s: %w", i.job.ID, err)
	}
	return false, s.db.EndPost(ctx, i.job.ID, p.Kind, store.PostMade, posted.ID)
}

// publicMessage is the message with the images that everybody sees.
func (s *sharing) publicMessage(r *responder, i sharedImages, images *rest.Upload) message.Message {
	to := i.address(r)
	to.Ephemeral, to.Card, to.Language = false, !s.plain, r.languageFor(false)
	m := images.Finished(to, i.spec, i.job.ID, i.result())
	m.Nonce, m.Posting = fmt.Sprintf("s%d%s", i.tile, i.job.ID), nil // there is nothing to cancel
	return m
}

// address is that of the private message, which has the form that Discord shows.
func (i sharedImages) address(r *responder) message.Address {
	to, was := r.address(), i.job.Address
	to.Verb, to.Tile, to.Spoiler, to.Draft, to.Flags = was.Verb, was.Tile, i.job.Spoiler, was.Draft, i.flags
	to.Ephemeral, to.Card, to.Language = true, r.req.Card, r.languageFor(true)
	return to
}

// result is what is known of the images.
func (i sharedImages) result() message.Result {
	out := i.job.Outcome()
	made := out.Files
	if i.tile > 0 && i.tile <= len(made) {
		made = made[i.tile-1 : i.tile]
	}
	return message.Result{Made: made, Millis: out.Millis, Tile: i.tile}
}

// files downloads the images that the private message shows. Links expire: if Discord refuses one, it is asked for the
// message anew.
func (s *sharing) files(ctx context.Context, r *responder) (files []message.File, err error) {
	shown := r.req.Files
	for again := true; ; again = false {
		files, err = s.download(ctx, shown)
		if _, permanent := errors.AsType[*rest.FetchError](err); !permanent {
			return files, err
		}
		now, lerr := r.discord.FetchResponse(ctx, r.address())
		if lerr != nil || !again {
			return nil, message.ErrImagesGone
		}
		shown = nil
		for _, a := range now.Files() {
			shown = append(shown, request.Attachment{Name: a.Filename, URL: a.URL})
		}
	}
}

func (s *sharing) download(ctx context.Context, shown []request.Attachment) (files []message.File, err error) {
	for _, f := range shown {
		data, err := s.fetcher.Fetch(ctx, f.URL, request.MaxInputBytes)
		if err != nil {
			return nil, err
		}
		files = append(files, message.File{Name: strings.TrimPrefix(f.Name, message.SpoilerPrefix), Data: data})
	}
	return files, nil
}

// showShared says in the private message where everybody sees its images, in place of the button.
func (s *sharing) showShared(ctx context.Context, r *responder, i sharedImages, p store.Post) error {
	at := message.Link{Server: r.req.Place.Guild, Channel: p.Channel, Message: p.Message}
	if p.Message == "" {
		return r.replyPrivately(ctx, message.AlreadyShared(r.req.Language, at))
	}
	now, err := r.discord.FetchResponse(ctx, r.address())
	if err == nil {
		result := i.result()
		result.Shared = at
		m := message.Finished(i.address(r), i.spec, i.job.ID, result)
		if r.req.Card {
			m.Kept = now.Keep()
		}
		err = r.edit(ctx, m)
	}
	if err != nil { // it is shared all the same
		return r.replyPrivately(ctx, message.AlreadyShared(r.req.Language, at))
	}
	return nil
}
