package interaction

import (
	"context"

	"darkroom/bot/message"
	"darkroom/render/encode"
)

// info shows the settings of images.
type info struct {
	clicks  *clicks
	catalog catalog
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
	return r.replyPrivately(ctx, message.Message{
		Content: message.Info(shown),
		Files:   []message.File{{Name: "settings.txt", Data: []byte(settings)}},
	})
}
