package interaction

import (
	"context"

	"darkroom/bot/message"
	"darkroom/store"
)

// show renders images again that could not be posted, and shows them in the message with the button: the same Spec
// gives the same images. From an inbox it shows the stored images.
func (p *repainter) show(ctx context.Context, r *responder) error {
	j, err := p.clicks.own(ctx, r)
	if err != nil {
		return err
	}
	if j.State != store.Done {
		return message.ErrOldButton
	}
	if r.click.Arg == message.ShowFromInbox {
		return p.inbox.open(ctx, r, j)
	}
	return p.submit.derived(ctx, r, j, j.Spec, newJob{verb: j.Address.Verb, tile: j.Address.Tile, inPlace: true})
}
