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

// deliver delivers a few results, and tells whether there may be more. It takes none from a queue that may be another
// database's: results of unknown jobs are dropped.
func (l *lateResults) deliver(ctx context.Context) (more bool) {
	if !l.outbox.Ours() {
		return false
	}
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
		idempotentPost: post, endings: l.endings, corrections: l.corrections,
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

// lateMessage is the finished message with its pictures.
func lateMessage(j job.Job, d queue.Undelivered) message.Message {
	var files []message.File
	for _, f := range d.Files {
		files = append(files, message.File{Name: f.Name, Data: f.Bytes})
	}
	return message.Finished(j.Address, j.Spec, j.ID, files, d.Outcome.Files)
}

// lateDelivery is one delivery of late pictures. It tries, in this order: the message that waits for them, a new
// message in the same channel, direct messages, the inbox. Private pictures never go into a channel, and the bot's
// token cannot edit the private message that waits for them.
type lateDelivery struct {
	*idempotentPost
	endings     *endings
	corrections *corrector
	outcome     queue.Outcome
	files       []queue.Attachment
	maybePosted bool // the renderer may have put them into the waiting message before
}

// tryInOrder delivers and ends the job. An error means that it should be tried again later. A new message that was
// begun earlier comes first: it may be there.
func (l *lateDelivery) tryInOrder(ctx context.Context) error {
	posted, err := l.resolveEarlier(ctx)
	if err == nil && !posted {
		var delivered string
		if delivered, err = l.editWaiting(ctx); delivered != "" {
			return l.endInPlace(ctx, delivered)
		}
	}
	if err == nil && !posted {
		err = l.sendNew(ctx)
	}
	switch {
	case errors.Is(err, errUndeliverable), errors.Is(err, errMaybePosted):
		return l.endUnposted(ctx, store.Delivery{State: store.Inbox, Reason: err.Error()}, rest.DeliveredInbox)
	case rest.TooLarge(err):
		return l.endUnposted(ctx, store.Delivery{State: store.ReofferDue}, rest.DeliveredReoffer)
	case err != nil:
		return err
	}
	return l.endPosted(ctx)
}

// editWaiting puts the pictures into the message that waits for them. Whatever that message shows, it then shows the
// pictures once, so the edit can be repeated. It pings nobody. If somebody deleted the message, or its channel, the
// pictures stay undelivered. delivered is empty if the message cannot be edited.
//
// The edit is written down first. If it is refused, an earlier one may have arrived nevertheless, and a new message
// would show the pictures twice.
func (l *lateDelivery) editWaiting(ctx context.Context) (delivered string, err error) {
	channel, id := l.job.Address.Channel, l.job.Message
	if id == "" || l.job.Address.Ephemeral {
		return "", nil
	}
	triedBefore := l.recorded.State == store.Sending && l.recorded.Message == id
	if err := l.db.MarkSending(ctx, l.job.ID, channel, id); err != nil {
		return "", err
	}
	m := l.message
	m.Nonce, m.AllowUsers = "", nil
	_, err = l.discord.EditMessage(ctx, channel, id, m)
	switch {
	case err == nil:
		return rest.DeliveredPosted, nil
	case rest.Removed(err):
		return rest.DeliveredRemoved, nil
	case !rest.Final(err) || rest.TooLarge(err):
		return "", fmt.Errorf("edit the waiting message: %w", err)
	case l.maybePosted || triedBefore || rest.MaybeApplied(err):
		return l.alreadyShown(ctx)
	}
	l.log.Info("the waiting message cannot be edited", "job", l.job.ID, "error", rest.Redact(err.Error()))
	return "", nil
}

// alreadyShown looks whether the waiting message shows the pictures. It returns errMaybePosted if the bot may not look.
func (l *lateDelivery) alreadyShown(ctx context.Context) (delivered string, err error) {
	got, err := l.discord.FetchMessage(ctx, l.job.Address.Channel, l.job.Message)
	switch {
	case rest.Removed(err):
		return rest.DeliveredRemoved, nil
	case rest.Final(err):
		return "", errMaybePosted
	case err != nil:
		return "", fmt.Errorf("look at the waiting message: %w", err)
	case got.Has(l.job.RemixID()):
		return rest.DeliveredFound, nil
	}
	return "", nil
}

// endInPlace ends a job whose own message shows its pictures, or showed them until somebody deleted it. An edit of
// its position that was slow may have arrived after the pictures, and a cancel may have been written down meanwhile:
// both are put right.
func (l *lateDelivery) endInPlace(ctx context.Context, delivered string) error {
	l.outcome.Delivered, l.outcome.Channel, l.outcome.Message = delivered, l.job.Address.Channel, l.job.Message
	if err := l.recordEnd(ctx); err != nil || delivered == rest.DeliveredRemoved {
		return err
	}
	j := l.job
	j.Address.Token = "" // it was refused, or its time is over
	l.corrections.background.do(func(ctx context.Context) { l.corrections.reconcile(ctx, j, l.outcome, true) })
	return nil
}

// endPosted ends a job whose pictures are in a message of their own.
func (l *lateDelivery) endPosted(ctx context.Context) error {
	if err := l.deleteWaiting(ctx); err != nil {
		return err
	}
	l.outcome.Delivered = rest.DeliveredPosted
	l.outcome.Channel, l.outcome.Message = l.recorded.Channel, l.recorded.Message
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
	l.corrections.messages.correct(ctx, l.job, message.InInbox(l.job.Address, l.job.Spec))
	return nil
}

// deleteWaiting removes the waiting message of pictures that were posted elsewhere: one job shows one message. An
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
	l.log.Warn("a waiting message stays beside its pictures", "job", l.job.ID, "error", rest.Redact(err.Error()))
	return nil
}
