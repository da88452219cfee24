package bot

import (
	"context"

	"darkroom/store"
)

// show paints pictures again that could not be posted, into the message that offers it: same Spec, same pictures.
func (t *turn) show(ctx context.Context) error {
	e, v, err := t.clicked(ctx)
	if err != nil {
		return err
	}
	if !t.may(e) {
		return errNotYours
	}
	if e.State != store.Done {
		return errOldButton
	}
	if t.click.Arg == fromInbox {
		return t.unwrap(ctx, e, v)
	}
	return t.repaint(ctx, e, v.spec, promise{verb: v.to.Verb, tile: v.to.Tile, here: true})
}
