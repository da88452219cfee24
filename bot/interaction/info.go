package interaction

import (
	"context"
	"errors"

	"darkroom/bot/command"
	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/render/encode"
	"darkroom/store"
)

// maxChildren is how many of the images that were made from one are listed.
const maxChildren = 10

// family finds the jobs that a job was made from, and those that were made from it.
type family interface {
	finder
	Children(ctx context.Context, parent, server string, limit int) ([]store.Job, error)
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
		Addons: available.Addons,
	}
	if len(available.Models) > 0 {
		if card, same := available.Find(j.Spec.Model); same {
			shown.Guess = card.Guess
		}
	}
	if err := i.addFamily(ctx, j, &shown); err != nil {
		return err
	}
	return r.replyPrivately(ctx, message.Message{
		Content: message.Info(r.req.Language, shown),
		Files:   []message.File{{Name: "settings.txt", Data: []byte(settings)}},
	})
}

// addFamily adds links to what the job was made from and to what was made from it. There is no link to another server,
// nor to a message that only one person sees.
func (i *info) addFamily(ctx context.Context, j job.Job, shown *message.JobInfo) error {
	if j.Parent != "" {
		parent, err := i.db.Find(ctx, j.Parent)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if parent.Server == j.Server {
			shown.From = linkTo(parent)
		}
	}
	children, err := i.db.Children(ctx, j.ID, j.Server, maxChildren+1)
	if err != nil {
		return err
	}
	if shown.More = len(children) > maxChildren; shown.More {
		children = children[:maxChildren]
	}
	for _, c := range children {
		if l := linkTo(c); l != (message.Link{}) {
			shown.Made = append(shown.Made, l)
		}
	}
	return nil
}

// linkTo is the link to the message of a job; zero if there is none, or only one person sees it.
func linkTo(row store.Job) message.Link {
	j, err := job.Read(row)
	if err != nil || row.Message == "" || row.Message == message.Original || row.Channel == "" || j.Address.Ephemeral {
		return message.Link{}
	}
	l := message.Link{Verb: row.Verb, Server: row.Server, Channel: row.Channel, Message: row.Message}
	if l.Server == command.DirectAccount {
		l.Server = ""
	}
	return l
}
