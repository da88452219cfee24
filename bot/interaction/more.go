package interaction

import (
	"context"

	"darkroom/bot/message"
)

// more shows the rest of what can be done with a card, to the person who asks.
type more struct{ clicks *clicks }

// open shows it, or in its place what can be done with one of several images. That the person may delete the card is
// judged here, where its message is known: the list that is shown is the person's own.
func (m *more) open(ctx context.Context, r *responder) error {
	j, err := m.clicks.job(ctx, r)
	if err != nil {
		return err
	}
	if r.click.Arg == message.MoreOfTile {
		_, tile, err := m.clicks.tile(ctx, r)
		if err != nil {
			return err
		}
		_, err = r.respond(ctx, message.Update(
			message.MoreTile(r.req.Language, j.ID, tileNumber(r), tile.Hires == nil && tile.Upscale == nil),
		))
		return err
	}
	target := ""
	if !r.req.Ephemeral && mayRemove(r, j) {
		target = r.req.Message
	}
	return r.replyPrivately(ctx, message.More(r.req.Language, j.ID, len(r.req.Files), r.click.Tile, target))
}
