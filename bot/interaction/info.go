package interaction

import (
	"context"
	"errors"

	"darkroom/bot/command"
	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/render/encode"
	"darkroom/render/request"
	"darkroom/store"
)

const (
	// maxChildren is how many of the images that were made from one are listed.
	maxChildren = 10
	// maxChildrenRead is how many are looked at: some have no link.
	maxChildrenRead = 50
)

// family finds the jobs that a job was made from, and those that were made from it.
type family interface {
	finder
	Children(ctx context.Context, parent, server string, limit int) ([]store.Job, error)
	Post(ctx context.Context, job, kind string) (store.Post, error)
}

// info shows the settings of images.
type info struct {
	clicks  *clicks
	catalog catalog
	db      family
}

// show shows all settings of a message to the person who asks.
func (i *info) show(ctx context.Context, r *responder) error {
	j, err := i.clicks.job(ctx, r)
	if err != nil {
		return err
	}
	spec, tile := j.Spec, r.click.Tile
	if tile > 0 && tile <= spec.Count {
		spec = spec.Tile(tile - 1)
	}
	available := i.catalog.Available()
	extra := encode.Extra{Short: available.Short}
	settings := encode.FormatParameters(spec, extra) + "\n"
	if len(spec.Tiles) > 0 {
		settings = ""
		for i := range spec.Count {
			settings += encode.FormatParameters(spec.Tile(i), extra) + "\n\n"
		}
	}
	shown := message.JobInfo{
		ID: j.ID, Parent: j.Parent, Created: j.Created, Spec: j.Spec, Tile: tile, Millis: j.Outcome().Millis,
		Addons: available.Addons, Origins: request.ParseOrigins(j.Address.Origins),
	}
	if len(available.Models) > 0 {
		if card, same := available.Find(j.Spec.Model); same {
			shown.Guess = card.Guess
		}
	}
	if err := i.addFamily(ctx, r, j, &shown); err != nil {
		return err
	}
	return r.replyPrivately(ctx, message.Message{
		Content: message.Info(r.req.Language, shown),
		Files:   []message.File{{Name: "settings.txt", Data: []byte(settings)}},
	})
}

// addFamily adds links to what the job was made from and to what was made from it. There is no link to another server,
// nor to a message that only one person sees. Others do not learn that there are private images.
func (i *info) addFamily(ctx context.Context, r *responder, j job.Job, shown *message.JobInfo) error {
	if j.Parent != "" {
		parent, err := i.db.Find(ctx, j.Parent)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if parent.Server == j.Server {
			shown.From = i.linkTo(ctx, parent)
		}
		if shown.From == (message.Link{}) && parent.User != r.req.Person.ID && isPrivate(parent) {
			shown.Parent = ""
		}
	}
	children, err := i.db.Children(ctx, j.ID, j.Server, maxChildrenRead)
	if err != nil {
		return err
	}
	for _, c := range children {
		if l := i.linkTo(ctx, c); l != (message.Link{}) {
			shown.Made = append(shown.Made, l)
		}
	}
	if shown.More = len(shown.Made) > maxChildren; shown.More {
		shown.Made = shown.Made[:maxChildren]
	}
	return nil
}

// isPrivate tells whether only its owner may see a job.
func isPrivate(row store.Job) bool {
	j, _ := job.Read(row) // of one that cannot be read nothing is shown
	return j.Address.Private()
}

// linkTo is the link to the message of a job; zero if there is none, or only one person sees it. Private images have
// one once they were shared.
func (i *info) linkTo(ctx context.Context, row store.Job) message.Link {
	j, err := job.Read(row)
	if err != nil {
		return message.Link{}
	}
	channel, id := row.Channel, row.Message
	if j.Address.Private() {
		p, _ := i.db.Post(ctx, row.ID, store.SharePost(0)) // a link is a nicety
		channel, id = p.Channel, p.Message
	}
	if id == "" || id == message.Original || channel == "" {
		return message.Link{}
	}
	l := message.Link{Verb: row.Verb, Server: row.Server, Channel: channel, Message: id}
	if l.Server == command.DirectAccount {
		l.Server = ""
	}
	return l
}
