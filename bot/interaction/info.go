package interaction

import (
	"context"

	"darkroom/bot/message"
	"darkroom/render/encode"
)

// info shows the settings of images.
type info struct{ clicks *clicks }

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
	settings := encode.FormatParameters(spec, encode.Extra{}) + "\n"
	if len(spec.Tiles) > 0 {
		settings = ""
		for i := range spec.Count {
			settings += encode.FormatParameters(spec.Tile(i), encode.Extra{}) + "\n\n"
		}
	}
	return r.replyPrivately(ctx, message.Message{
		Content: message.Info(message.JobInfo{
			ID: j.ID, Parent: j.Parent, Created: j.Created, Spec: j.Spec, Tile: tile, Millis: j.Outcome().Millis,
		}),
		Files: []message.File{{Name: "settings.txt", Data: []byte(settings)}},
	})
}
