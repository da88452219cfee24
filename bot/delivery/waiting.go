package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"darkroom/bot/rest"
	"darkroom/store"
)

// editWaiting puts the images into the message that waits for them. Whatever that message shows, it then shows the
// images once, so the edit can be repeated. It pings nobody. If somebody deleted the message, or its channel, the
// images stay undelivered. delivered is empty if the message cannot be edited.
//
// The edit is written down first. If it is refused, an earlier one may have arrived nevertheless, and a new message
// would show the images twice.
func (l *lateDelivery) editWaiting(ctx context.Context) (delivered string, err error) {
	messages := l.corrections.messages
	if l.job.Address.Direct || !messages.byToken(l.job) && (l.job.Message == "" || l.job.Address.Ephemeral) {
		return "", nil
	}
	id := cmp.Or(l.job.Message, l.job.Address.Message)
	triedBefore := l.recorded.State == store.Sending && l.recorded.Message == id
	if err := l.db.MarkSending(ctx, l.job.ID, l.job.Address.Channel, id); err != nil {
		return "", err
	}
	edited, err := messages.edit(ctx, l.job, l.inPlace)
	switch {
	case err == nil:
		l.job.Message = cmp.Or(l.job.Message, edited.ID)
		return rest.DeliveredPosted, nil
	case rest.Removed(err):
		return rest.DeliveredRemoved, nil
	case errors.Is(err, errOutOfReach): // the token was refused: it is as if there had been none
		return "", nil
	case !closed(err) || rest.TooLarge(err):
		return "", fmt.Errorf("edit the waiting message: %w", err)
	case l.maybePosted || triedBefore || rest.MaybeApplied(err):
		l.job.Address.Token = "" // it was refused
		return l.alreadyShown(ctx)
	}
	l.log.Info("the waiting message cannot be edited", "job", l.job.ID, "error", rest.Redact(err.Error()))
	return "", nil
}

// alreadyShown looks whether the waiting message shows the images. It returns errMaybePosted if the bot may not look.
func (l *lateDelivery) alreadyShown(ctx context.Context) (delivered string, err error) {
	got, err := l.corrections.messages.fetch(ctx, l.job)
	switch {
	case rest.Removed(err):
		return rest.DeliveredRemoved, nil
	case err != nil && closed(err):
		return "", errMaybePosted
	case err != nil:
		return "", fmt.Errorf("look at the waiting message: %w", err)
	case got.Has(l.job.RemixID()):
		return rest.DeliveredFound, nil
	}
	return "", nil
}

// endInPlace ends a job whose own message shows its images, or showed them until somebody deleted it. An edit of
// its position that was slow may have arrived after the images, and a cancel may have been written down meanwhile:
// both are put right.
func (l *lateDelivery) endInPlace(ctx context.Context, delivered string) error {
	l.outcome.Delivered, l.outcome.Channel, l.outcome.Message = delivered, l.job.Address.Channel, l.job.Message
	if err := l.recordEnd(ctx); err != nil || delivered == rest.DeliveredRemoved {
		return err
	}
	j := l.job
	l.corrections.background.do(func(ctx context.Context) { l.corrections.reconcile(ctx, j, l.outcome, true) })
	return nil
}

// deleteWaiting removes the waiting message of images that were posted elsewhere: one job shows one message. An
// error that may pass is returned, so that it is tried again; one that will not is only logged.
func (l *lateDelivery) deleteWaiting(ctx context.Context) error {
	channel, id := l.job.Address.Channel, l.job.Message
	if id == "" || id == l.recorded.Message || l.job.Address.Ephemeral {
		return nil
	}
	err := l.discord.DeleteMessage(ctx, channel, id)
	if err == nil || rest.Removed(err) {
		return nil
	}
	if !rest.Final(err) {
		return fmt.Errorf("delete the waiting message: %w", err)
	}
	l.log.Warn("a waiting message stays beside its images", "job", l.job.ID, "error", rest.Redact(err.Error()))
	return nil
}
