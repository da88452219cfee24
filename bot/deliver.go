package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/store"
)

const (
	// deliveryBatch is how many late deliveries are held in memory at once; each may be tens of megabytes.
	deliveryBatch = 2
	// reofferBatch is how many owed offers one round makes.
	reofferBatch = 50
)

// deliver brings late pictures: those that a renderer could not post because the interaction's token was too old. Where
// no pictures are left it offers to paint them again.
func (b *Bot) deliver(ctx context.Context) error {
	healthy := true
	for {
		late, err := b.queue.TakeUndelivered(ctx, deliveryBatch)
		if err != nil && healthy && ctx.Err() == nil {
			b.log.Warn("the tray cannot be read", "error", err)
		}
		healthy = err == nil
		for _, d := range late {
			if err := b.deliverOne(ctx, d); err != nil && ctx.Err() == nil {
				b.log.Warn("late pictures are still in the tray", "job", d.Job, "error", rest.Redact(err.Error()))
			}
		}
		if len(late) == deliveryBatch {
			continue
		}
		b.reofferAll(ctx)
		if sleep(ctx, b.o.Intervals.Deliver) != nil {
			return nil
		}
	}
}

// bring1 delivers one job's pictures and ends the job. Until AckTray they come up again, so all of it may happen twice. What
// could not be posted for a day goes into the inbox: the tray is small, and others need it.
func (b *Bot) deliverOne(ctx context.Context, d queue.Undelivered) error {
	e, err := b.db.Find(ctx, d.Job)
	if errors.Is(err, store.ErrNotFound) {
		return b.queue.AckUndelivered(ctx, d.Job) // another database's
	}
	if err != nil {
		return err
	}
	if terminal(e) {
		return b.acknowledgeDelivery(ctx, d.Job) // delivered before, or cancelled
	}
	l, err := b.newLateDelivery(ctx, e, d)
	if err != nil {
		return err
	}
	err = l.tryInOrder(ctx)
	if err != nil && b.o.Now().Sub(e.Updated) > giveUpAfter {
		err = l.endUnposted(ctx, store.Delivery{State: store.Inbox, Reason: errMaybePosted.Error()}, rest.DeliveredInbox)
	}
	if err != nil {
		return err
	}
	return b.acknowledgeDelivery(ctx, d.Job)
}

// brought forgets a delivery that is over, and takes its job out of the line, where it may stand once more: Redis was lost
// or its renderer was, after it had left the pictures.
func (b *Bot) acknowledgeDelivery(ctx context.Context, job string) error {
	if err := b.removeEnded(ctx, []string{job}); err != nil && !errors.Is(err, queue.ErrEpoch) {
		return err
	}
	return b.queue.AckUndelivered(ctx, job)
}

// ladder begins, or goes on with, the delivery of late pictures.
func (b *Bot) newLateDelivery(ctx context.Context, e store.Job, d queue.Undelivered) (*lateDelivery, error) {
	v, err := decodeJob(e)
	if err != nil {
		return nil, err
	}
	p, err := b.newIdempotentPost(ctx, e, v, remixButton(e.ID), lateMessage(e, v, d))
	return &lateDelivery{idempotentPost: p, outcome: d.Outcome, files: d.Files, maybePosted: d.MaybePosted}, err
}

// ladder is one late delivery. Its steps: a new message in the same channel, direct messages, the message that waits for
// the pictures, the inbox. Private pictures never go into a channel.
type lateDelivery struct {
	*idempotentPost
	outcome     queue.Outcome
	files       []queue.Attachment
	maybePosted bool // the renderer could not look whether they were posted before
}

// climb delivers and ends the job. An error means that it should be tried again later.
func (l *lateDelivery) tryInOrder(ctx context.Context) error {
	if l.recorded.State != store.Posted {
		delivered, err := l.alreadyShown(ctx)
		switch {
		case errors.Is(err, errMaybePosted):
			return l.endUnposted(ctx, store.Delivery{State: store.Inbox, Reason: err.Error()}, rest.DeliveredInbox)
		case err != nil:
			return err
		case delivered != "":
			return l.endInPlace(ctx, delivered)
		}
		switch err := l.send(ctx); {
		case errors.Is(err, errUndeliverable):
			return l.editWaiting(ctx)
		case errors.Is(err, errMaybePosted):
			return l.endUnposted(ctx, store.Delivery{State: store.Inbox, Reason: err.Error()}, rest.DeliveredInbox)
		case rest.TooLarge(err):
			return l.endUnposted(ctx, store.Delivery{State: store.ReofferDue}, rest.DeliveredReoffer)
		case err != nil:
			return err
		}
	}
	if err := l.deleteWaiting(ctx); err != nil {
		return err
	}
	l.outcome.Delivered, l.outcome.Channel, l.outcome.Message = rest.DeliveredPosted, l.recorded.Channel, l.recorded.Message
	return l.recordEnd(ctx)
}

// editWaiting puts the pictures into the message that waits for them. It pings nobody, but it is better than the inbox.
func (l *lateDelivery) editWaiting(ctx context.Context) error {
	if l.job.Message != "" && !l.decoded.address.Ephemeral {
		delivered, err := l.editUnseen(ctx)
		if err != nil && !errors.Is(err, errMaybePosted) {
			return err
		}
		if delivered != "" {
			return l.endInPlace(ctx, delivered)
		}
	}
	return l.endUnposted(ctx, store.Delivery{State: store.Inbox, Reason: errUndeliverable.Error()}, rest.DeliveredInbox)
}

// there ends a job whose pictures are in its own message, or were in it until somebody deleted it.
func (l *lateDelivery) endInPlace(ctx context.Context, delivered string) error {
	l.outcome.Delivered, l.outcome.Channel, l.outcome.Message = delivered, l.decoded.address.Channel, l.job.Message
	return l.recordEnd(ctx)
}

func (l *lateDelivery) recordEnd(ctx context.Context) error {
	_, err := l.finish(ctx, l.job.ID, l.outcome)
	return err
}

// shelve ends a job that was posted nowhere, with what is owed to its owner instead.
func (l *lateDelivery) endUnposted(ctx context.Context, d store.Delivery, delivered string) error {
	l.log.Warn("late pictures were posted nowhere", "job", l.job.ID, "state", d.State, "reason", d.Reason)
	l.outcome.Delivered, l.outcome.Message = delivered, ""
	var pictures []store.InboxPicture
	if d.State == store.Inbox {
		for _, f := range l.files {
			pictures = append(pictures, store.InboxPicture{Name: f.Name, Data: f.Bytes})
		}
	}
	if err := l.finishWithDelivery(ctx, l.job.ID, l.outcome, d, pictures); err != nil || d.State != store.Inbox {
		return err
	}
	l.correct(ctx, l.job, func(v decodedJob) message.Message { return message.InInbox(v.address, v.spec) })
	return nil
}

// finishWithDelivery writes down what was made and what is owed.
func (b *Bot) finishWithDelivery(ctx context.Context, id string, out queue.Outcome, d store.Delivery, pictures []store.InboxPicture) error {
	text, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("write down job %s: %w", id, err)
	}
	_, err = b.db.FinishWithDelivery(ctx, id, text, d, pictures)
	return err
}

// already looks at the message that waits for the pictures. If somebody deleted it, or its channel, they stay undelivered;
// if it shows them, a renderer had posted them and died before it could say so. Where the bot may not read it, the message
// is edited: whatever it shows, it then shows the pictures once. Any other error leaves the pictures in the tray, since a
// guess could show them twice or against their owner's will.
func (l *lateDelivery) alreadyShown(ctx context.Context) (delivered string, err error) {
	if l.job.Message == "" || l.decoded.address.Ephemeral {
		return "", nil
	}
	p, err := l.discord.FetchMessage(ctx, l.decoded.address.Channel, l.job.Message)
	switch {
	case rest.Removed(err):
		return rest.DeliveredRemoved, nil
	case rest.Final(err):
		return l.editUnseen(ctx)
	case err != nil:
		return "", fmt.Errorf("look at the waiting message: %w", err)
	case p.Has(remixButton(l.job.ID)):
		return rest.DeliveredFound, nil
	}
	return "", nil
}

// blindly edits the waiting message, which the bot may write but not read. If it may do neither, and the pictures may
// have been posted there before, nothing more is posted: errMaybePosted.
func (l *lateDelivery) editUnseen(ctx context.Context) (delivered string, err error) {
	m := l.message
	m.Nonce = ""
	_, err = l.discord.EditMessage(ctx, l.decoded.address.Channel, l.job.Message, m)
	switch {
	case err == nil:
		return rest.DeliveredPosted, nil
	case rest.Removed(err):
		return rest.DeliveredRemoved, nil
	case rest.Final(err) && l.maybePosted:
		return "", errMaybePosted
	case rest.Final(err):
		return "", nil
	}
	return "", fmt.Errorf("edit the waiting message unseen: %w", err)
}

// lateMessage is the finished message as a post of its own. Its owner is pinged: they have waited long.
func lateMessage(e store.Job, v decodedJob, d queue.Undelivered) message.Message {
	var files []message.File
	for _, f := range d.Files {
		files = append(files, message.File{Name: f.Name, Data: f.Bytes})
	}
	m := message.Finished(v.address, v.spec, e.ID, files, d.Outcome.Files)
	m.Nonce, m.AllowUsers = e.ID, []string{v.address.User}
	return m
}

// deleteWaiting removes the waiting message whose pictures were posted elsewhere: one job shows one message. An error that may
// pass is returned, so that it is tried again; one that will not is only logged.
func (l *lateDelivery) deleteWaiting(ctx context.Context) error {
	if l.job.Message == "" || l.job.Message == l.recorded.Message || l.decoded.address.Ephemeral {
		return nil
	}
	err := l.discord.DeleteMessage(ctx, l.decoded.address.Channel, l.job.Message)
	if rest.Final(err) && !rest.Removed(err) && l.decoded.address.Token != "" && l.o.Now().Before(l.decoded.address.Expires) {
		err = l.discord.DeleteResponse(ctx, l.decoded.address) // which asks for no permission in the channel
	}
	if err == nil || rest.Removed(err) {
		return nil
	}
	if !rest.Final(err) {
		return fmt.Errorf("drop the waiting message: %w", err)
	}
	l.log.Warn("a waiting message stays beside its pictures", "job", l.job.ID, "error", rest.Redact(err.Error()))
	return nil
}
