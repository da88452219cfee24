package bot

import (
	"context"
	"fmt"

	"darkroom/bot/reply"
)

// erase deletes the message that was clicked on. The job stays written down: it was painted, and counts.
func (t *turn) erase(ctx context.Context) error {
	e, _, err := t.clicked(ctx)
	if err != nil {
		return err
	}
	if !t.may(e) {
		return errNotYours
	}
	if _, err := t.answer(ctx, reply.DeferUpdate()); err != nil {
		return err
	}
	if err := t.discord.Drop(ctx, t.to()); err == nil || reply.Removed(err) {
		return nil
	}
	if err := t.discord.DeleteMessage(ctx, t.req.Place.Channel, t.req.Message); err != nil && !reply.Removed(err) {
		return fmt.Errorf("delete the message of job %s: %w", e.ID, err)
	}
	return nil
}
