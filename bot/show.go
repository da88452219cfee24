package bot

import (
	"context"

	"darkroom/store"
)

// show paints pictures again that could not be posted, into the message that offers it: same Spec, same pictures.
func (h *handler) show(ctx context.Context) error {
	e, v, err := h.clickedJob(ctx)
	if err != nil {
		return err
	}
	if !h.mayChange(e) {
		return errNotYours
	}
	if e.State != store.Done {
		return errOldButton
	}
	if h.click.Arg == fromInbox {
		return h.openFromInbox(ctx, e, v)
	}
	return h.submitDerived(ctx, e, v.spec, newJob{verb: v.address.Verb, tile: v.address.Tile, inPlace: true})
}
