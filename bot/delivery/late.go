package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/store"
)

const (
	// deliveryBatch is how many late deliveries are held in memory at once; each may be tens of megabytes.
	deliveryBatch = 2
	// deliverFor is for how long late pictures are tried to be posted.
	deliverFor = 24 * time.Hour
)

// lateResults delivers undelivered results: pictures that a renderer could not post because the interaction's token
// was too old.
type lateResults struct {
	queue       undeliveredResults
	db          finder
	endings     *endings
	posts       *poster
	outbox      outbox
	corrections *corrector
	now         func() time.Time
	log         *slog.Logger
	failing     bool // the last look failed
}

// deliver delivers a few results, and tells whether there may be more.
func (l *lateResults) deliver(ctx context.Context) (more bool) {
	late, err := l.queue.TakeUndelivered(ctx, deliveryBatch)
	if err != nil && !l.failing && ctx.Err() == nil {
		l.log.Warn("undelivered results cannot be read", "error", err)
	}
	l.failing = err != nil
	for _, d := range late {
		if err := l.deliverOne(ctx, d); err != nil && ctx.Err() == nil {
			l.log.Warn("late pictures are not delivered yet", "job", d.Job, "error", rest.Redact(err.Error()))
		}
	}
	return len(late) == deliveryBatch
}

// deliverOne delivers one job's pictures and ends the job. Until AckUndelivered they come up again, so all of it may
// happen twice. What could not be posted for a day goes into the inbox: the queue has little room for results, and
// others need it.
func (l *lateResults) deliverOne(ctx context.Context, d queue.Undelivered) error {
	row, err := l.db.Find(ctx, d.Job)
	if errors.Is(err, store.ErrNotFound) {
		return l.queue.AckUndelivered(ctx, d.Job) // another database's
	}
	if err != nil {
		return err
	}
	if row.State.Terminal() {
		return l.acknowledge(ctx, d.Job) // delivered before, or cancelled
	}
	j, err := job.Read(row)
	if err != nil {
		return err
	}
	post, err := l.posts.begin(ctx, j, j.RemixID(), lateMessage(j, d))
	if err != nil {
		return err
	}
	delivery := &lateDelivery{
		idempotentPost: post, endings: l.endings, messages: l.corrections.messages,
		outcome: d.Outcome, files: d.Files, maybePosted: d.MaybePosted,
	}
	err = delivery.tryInOrder(ctx)
	if err != nil && l.now().Sub(row.Updated) > deliverFor {
		err = delivery.endUnposted(
			ctx, store.Delivery{State: store.Inbox, Reason: errMaybePosted.Error()}, rest.DeliveredInbox,
		)
	}
	if err != nil {
		return err
	}
	return l.acknowledge(ctx, d.Job)
}

// acknowledge drops results that are delivered, and takes their job out of the queue, which may hold it once more:
// Redis was lost, or its renderer was after it had left the results.
func (l *lateResults) acknowledge(ctx context.Context, id string) error {
	if err := l.outbox.RemoveEnded(ctx, id); err != nil && !errors.Is(err, queue.ErrEpoch) {
		return err
	}
	return l.queue.AckUndelivered(ctx, id)
}

// lateMessage is the finished message as a post of its own. Its owner is pinged: they have waited long.
func lateMessage(j job.Job, d queue.Undelivered) message.Message {
	var files []message.File
	for _, f := range d.Files {
		files = append(files, message.File{Name: f.Name, Data: f.Bytes})
	}
	return message.Finished(j.Address, j.Spec, j.ID, files, d.Outcome.Files)
}

// lateDelivery is one delivery of late pictures. It tries, in this order: a new message in the same channel, direct
// messages, the message that waits for the pictures, the inbox. Private pictures never go into a channel.
type lateDelivery struct {
	*idempotentPost
	endings     *endings
	messages    *messages
	outcome     queue.Outcome
	files       []queue.Attachment
	maybePosted bool // the renderer could not look whether they were posted before
}

// tryInOrder delivers and ends the job. An error means that it should be tried again later.
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
	l.outcome.Delivered = rest.DeliveredPosted
	l.outcome.Channel, l.outcome.Message = l.recorded.Channel, l.recorded.Message
	return l.recordEnd(ctx)
}

// editWaiting puts the pictures into the message that waits for them. It pings nobody, but it is better than the inbox.
func (l *lateDelivery) editWaiting(ctx context.Context) error {
	if l.job.Message != "" && !l.job.Address.Ephemeral {
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

// endInPlace ends a job whose pictures are in its own message, or were in it until somebody deleted it.
func (l *lateDelivery) endInPlace(ctx context.Context, delivered string) error {
	l.outcome.Delivered, l.outcome.Channel, l.outcome.Message = delivered, l.job.Address.Channel, l.job.Message
	return l.recordEnd(ctx)
}

func (l *lateDelivery) recordEnd(ctx context.Context) error {
	_, err := l.endings.finish(ctx, l.job.ID, l.outcome)
	return err
}

// endUnposted ends a job that was posted nowhere, with what its owner gets instead.
func (l *lateDelivery) endUnposted(ctx context.Context, d store.Delivery, delivered string) error {
	l.log.Warn("late pictures were posted nowhere", "job", l.job.ID, "state", d.State, "reason", d.Reason)
	l.outcome.Delivered, l.outcome.Message = delivered, ""
	var pictures []store.InboxPicture
	if d.State == store.Inbox {
		for _, f := range l.files {
			pictures = append(pictures, store.InboxPicture{Name: f.Name, Data: f.Bytes})
		}
	}
	if err := l.endings.finishWithDelivery(ctx, l.job.ID, l.outcome, d, pictures); err != nil || d.State != store.Inbox {
		return err
	}
	l.messages.correct(ctx, l.job, message.InInbox(l.job.Address, l.job.Spec))
	return nil
}

// alreadyShown looks at the message that waits for the pictures. If somebody deleted it, or its channel, they stay
// undelivered; if it shows them, a renderer had posted them and died before it could say so. Where the bot may not
// read it, the message is edited: whatever it shows, it then shows the pictures once. Any other error leaves the
// results for later, since a guess could show them twice or against their owner's will.
func (l *lateDelivery) alreadyShown(ctx context.Context) (delivered string, err error) {
	if l.job.Message == "" || l.job.Address.Ephemeral {
		return "", nil
	}
	got, err := l.discord.FetchMessage(ctx, l.job.Address.Channel, l.job.Message)
	switch {
	case rest.Removed(err):
		return rest.DeliveredRemoved, nil
	case rest.Final(err):
		return l.editUnseen(ctx)
	case err != nil:
		return "", fmt.Errorf("look at the waiting message: %w", err)
	case got.Has(l.job.RemixID()):
		return rest.DeliveredFound, nil
	}
	return "", nil
}

// editUnseen edits the waiting message, which the bot may write but not read. If it may do neither, and the pictures
// may have been posted there before, nothing more is posted: errMaybePosted.
func (l *lateDelivery) editUnseen(ctx context.Context) (delivered string, err error) {
	m := l.message
	m.Nonce = ""
	_, err = l.discord.EditMessage(ctx, l.job.Address.Channel, l.job.Message, m)
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

// deleteWaiting removes the waiting message whose pictures were posted elsewhere: one job shows one message. An error
// that may pass is returned, so that it is tried again; one that will not is only logged.
func (l *lateDelivery) deleteWaiting(ctx context.Context) error {
	to := l.job.Address
	if l.job.Message == "" || l.job.Message == l.recorded.Message || to.Ephemeral {
		return nil
	}
	err := l.discord.DeleteMessage(ctx, to.Channel, l.job.Message)
	if rest.Final(err) && !rest.Removed(err) && to.Token != "" && l.now().Before(to.Expires) {
		err = l.discord.DeleteResponse(ctx, to) // which needs no permission in the channel
	}
	if err == nil || rest.Removed(err) {
		return nil
	}
	if !rest.Final(err) {
		return fmt.Errorf("delete the waiting message: %w", err)
	}
	l.log.Warn("a waiting message stays beside its pictures", "job", l.job.ID, "error", rest.Redact(err.Error()))
	return nil
}
