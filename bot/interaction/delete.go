package interaction

import (
	"context"
	"fmt"
	"strings"

	"darkroom/bot/button"
	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
)

// deletion deletes messages.
type deletion struct{ clicks *clicks }

// run deletes the message that was clicked. If it shows images to others too, the person is asked first. The job stays
// in the store: it was rendered, and counts.
func (d *deletion) run(ctx context.Context, r *responder) error {
	j, err := d.clicks.removable(ctx, r)
	if err != nil {
		return err
	}
	if id, asked := strings.CutPrefix(r.click.Arg, message.DeleteAsked); asked {
		question := button.ID{Verb: button.Delete, Job: j.ID, Tile: r.click.Tile}
		_, err := r.respond(ctx, message.Update(message.DeleteQuestion(r.req.Language, question, id)))
		return err
	}
	switch id, confirmed := strings.CutPrefix(r.click.Arg, message.DeleteConfirmed); {
	case confirmed:
		return d.deleteConfirmed(ctx, r, j, id)
	case r.click.Arg == message.DeleteKept:
		_, err := r.respond(ctx, message.Update(message.NothingDeleted(r.req.Language)))
		return err
	case len(r.req.Files) > 0 && !r.req.Ephemeral:
		id := button.ID{Verb: button.Delete, Job: j.ID, Tile: r.click.Tile}
		return r.replyPrivately(ctx, message.DeleteQuestion(r.req.Language, id, r.req.Message))
	}
	if _, err := r.respond(ctx, message.DeferUpdate()); err != nil {
		return err
	}
	if err := r.discord.DeleteResponse(ctx, r.address()); err == nil || rest.Removed(err) {
		return nil
	}
	return deleteMessage(ctx, r, j, r.req.Message)
}

// deleteConfirmed deletes the message that the person was asked about, and says so in place of the question.
func (d *deletion) deleteConfirmed(ctx context.Context, r *responder, j job.Job, id string) error {
	if _, err := r.respond(ctx, message.DeferUpdate()); err != nil {
		return err
	}
	switch err := deleteMessage(ctx, r, j, id); {
	case rest.Forbidden(err):
		return r.edit(ctx, message.Message{Content: r.req.Language.Text(string(message.ErrCannotDelete))})
	case err != nil:
		return err
	}
	return r.edit(ctx, message.Deleted(r.req.Language))
}

func deleteMessage(ctx context.Context, r *responder, j job.Job, id string) error {
	if err := r.discord.DeleteMessage(ctx, r.req.Place.Channel, id); err != nil && !rest.Removed(err) {
		return fmt.Errorf("delete the message of job %s: %w", j.ID, err)
	}
	return nil
}
