package bot

import (
	"context"
	"fmt"

	"darkroom/bot/message"
	"darkroom/bot/rest"
)

// erase deletes the message that was clicked on. The job stays written down: it was painted, and counts.
func (h *handler) deleteMessage(ctx context.Context) error {
	e, _, err := h.clickedJob(ctx)
	if err != nil {
		return err
	}
	if !h.mayChange(e) {
		return errNotYours
	}
	if _, err := h.respond(ctx, message.DeferUpdate()); err != nil {
		return err
	}
	if err := h.discord.DeleteResponse(ctx, h.address()); err == nil || rest.Removed(err) {
		return nil
	}
	if err := h.discord.DeleteMessage(ctx, h.req.Place.Channel, h.req.Message); err != nil && !rest.Removed(err) {
		return fmt.Errorf("delete the message of job %s: %w", e.ID, err)
	}
	return nil
}
