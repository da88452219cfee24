package interaction

import (
	"context"
	"fmt"

	"darkroom/bot/message"
	"darkroom/bot/rest"
)

// deletion deletes messages.
type deletion struct{ clicks *clicks }

// run deletes the message that was clicked. The job stays in the store: it was rendered, and counts.
func (d *deletion) run(ctx context.Context, r *responder) error {
	j, err := d.clicks.removable(ctx, r)
	if err != nil {
		return err
	}
	if _, err := r.respond(ctx, message.DeferUpdate()); err != nil {
		return err
	}
	if err := r.discord.DeleteResponse(ctx, r.address()); err == nil || rest.Removed(err) {
		return nil
	}
	if err := r.discord.DeleteMessage(ctx, r.req.Place.Channel, r.req.Message); err != nil && !rest.Removed(err) {
		return fmt.Errorf("delete the message of job %s: %w", j.ID, err)
	}
	return nil
}
