package delivery

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/store"
)

const (
	// deliveryBatch is how many late deliveries are held in memory at once, and made side by side; each may be tens of
	// megabytes.
	deliveryBatch = 2
	// deliveryTimeout bounds one try of a delivery: others wait. It is longer than one request may take.
	deliveryTimeout = 90 * time.Second
)

// lateResults delivers undelivered results: images that a renderer could not post, because the interaction's token
// was too old or because the place did not take them.
type lateResults struct {
	queue       undeliveredResults
	db          finder
	endings     *endings
	posts       *poster
	outbox      outbox
	corrections *corrector
	attempts    *attempts
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
	var group errgroup.Group
	for _, d := range late {
		if l.attempts.due(d.Job, l.now()) {
			group.Go(func() error { l.deliverInTime(ctx, d); return nil })
		}
	}
	_ = group.Wait() // deliveries return no errors
	return len(late) == deliveryBatch
}

// deliverInTime tries one delivery. One that fails comes up again, and is tried after a while.
func (l *lateResults) deliverInTime(ctx context.Context, d queue.Undelivered) {
	try, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	err := l.deliverOne(try, d)
	if err == nil {
		l.attempts.forget(d.Job)
		return
	}
	if ctx.Err() == nil {
		l.attempts.fail(d.Job, l.now())
		l.log.Warn("late images are not delivered yet", "job", d.Job, "error", rest.Redact(err.Error()))
	}
}

// deliverOne delivers one job's images and ends the job. Until AckUndelivered they come up again, so all of it may
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
	upload := uploadOf(j, d)
	elsewhere := lateMessage(j.Address.Elsewhere(), j, upload, d.Outcome)
	post, err := l.posts.begin(ctx, withTokenOf(j, d), j.RemixID(), elsewhere)
	if err != nil {
		return err
	}
	delivery := &lateDelivery{
		idempotentPost: post, withToken: j, endings: l.endings, corrections: l.corrections,
		inPlace: lateMessage(j.Address, j, upload, d.Outcome), outcome: d.Outcome, upload: upload,
		maybePosted: d.MaybePosted,
	}
	err = delivery.tryInOrder(ctx)
	if err != nil && l.now().Sub(row.Updated) > deliverFor {
		err = delivery.giveUp(ctx)
	}
	if err != nil {
		return err
	}
	return l.acknowledge(ctx, d.Job)
}

// withTokenOf returns the job without its token if Discord refused the token to the renderer, or if it is too old. The
// renderer then leaves an address without it. One that was never given the token leaves an address without its end,
// too: see job.ForQueue.
func withTokenOf(j job.Job, d queue.Undelivered) job.Job {
	to, err := message.DecodeAddress(d.Address)
	if err != nil || to.Token == "" && !to.Expires.IsZero() {
		j.Address.Token = ""
	}
	return j
}

// acknowledge drops results that are delivered, and takes their job out of the queue, which may hold it once more:
// Redis was lost, or its renderer was after it had left the results.
func (l *lateResults) acknowledge(ctx context.Context, id string) error {
	if err := l.outbox.RemoveEnded(ctx, id); err != nil && !errors.Is(err, queue.ErrEpoch) {
		return err
	}
	return l.queue.AckUndelivered(ctx, id)
}

// uploadOf are the images as the renderer left them.
func uploadOf(j job.Job, d queue.Undelivered) *rest.Upload {
	var files []message.File
	for _, f := range d.Files {
		files = append(files, message.File{Name: f.Name, Data: f.Bytes})
	}
	return rest.NewUpload(files, d.Outcome.Files, j.Address.FileLimit)
}

// lateMessage is the finished message with its images, as it looks at an address.
func lateMessage(to message.Address, j job.Job, images *rest.Upload, out queue.Outcome) message.Message {
	return images.Finished(to, j.Spec, j.ID, message.Result{Millis: out.Millis})
}

// lateDelivery is one delivery of late images. It tries, in this order: the message that waits for them, a new
// message in the same channel, direct messages, the inbox. Private images never go into a channel. The private
// message that waits for them can be edited by the interaction's token alone, while that is good. Those that were
// promised by direct message come as a new one, because an edit tells nobody that they are there.
type lateDelivery struct {
	*idempotentPost
	withToken   job.Job         // the job as it is in SQL
	inPlace     message.Message // in the message that waits
	endings     *endings
	corrections *corrector
	outcome     queue.Outcome
	upload      *rest.Upload // the images in the form in which they are posted
	maybePosted bool         // the renderer may have put them into the waiting message before
}

// tryInOrder delivers and ends the job. An error means that it should be tried again later. A new message that was
// begun earlier comes first: it may be there. Images that are refused as too large go down a step, and the places are
// tried anew: each may have a limit of its own.
func (l *lateDelivery) tryInOrder(ctx context.Context) error {
	inPlace, err := l.tryPlaces(ctx)
	for rest.TooLarge(err) && l.upload.Lower() {
		nonce, users := l.message.Nonce, l.message.AllowUsers
		l.inPlace = lateMessage(l.job.Address, l.job, l.upload, l.outcome)
		l.message = lateMessage(l.job.Address.Elsewhere(), l.job, l.upload, l.outcome)
		l.message.Nonce, l.message.AllowUsers = nonce, users
		inPlace, err = l.tryPlaces(ctx)
	}
	l.outcome.Files = l.upload.Made
	switch {
	case inPlace != "":
		return l.endInPlace(ctx, inPlace)
	case errors.Is(err, errUndeliverable), errors.Is(err, errMaybePosted):
		return l.endUnposted(ctx, store.Delivery{State: store.Inbox, Reason: err.Error()}, rest.DeliveredInbox)
	case rest.TooLarge(err):
		return l.endUnposted(ctx, store.Delivery{State: store.ReofferDue}, rest.DeliveredReoffer)
	case err != nil:
		return err
	}
	return l.endPosted(ctx)
}

// tryPlaces delivers once. inPlace tells how, if it was into the waiting message.
func (l *lateDelivery) tryPlaces(ctx context.Context) (inPlace string, err error) {
	posted, err := l.resolveEarlier(ctx)
	if err != nil || posted {
		return "", err
	}
	if inPlace, err = l.editWaiting(ctx); inPlace != "" || err != nil {
		return inPlace, err
	}
	return "", l.sendNew(ctx)
}

// giveUp ends a delivery that did not succeed for a day. Images that are posted stay so: only cleaning up was left.
func (l *lateDelivery) giveUp(ctx context.Context) error {
	if l.recorded.State == store.Posted {
		return l.recordPostedEnd(ctx)
	}
	return l.endUnposted(ctx, store.Delivery{State: store.Inbox, Reason: errMaybePosted.Error()}, rest.DeliveredInbox)
}

// endPosted ends a job whose images are in a message of their own.
func (l *lateDelivery) endPosted(ctx context.Context) error {
	if err := l.deleteWaiting(ctx); err != nil {
		return err
	}
	if err := l.recordPostedEnd(ctx); err != nil {
		return err
	}
	if to := l.withToken.Address; to.Ephemeral { // while the token is good it can still say so
		at := message.Link{Channel: l.recorded.Channel, Message: l.recorded.Message}
		l.corrections.inBackground(l.withToken, message.InDirect(to, l.job.Spec, at))
	}
	return nil
}

// recordPostedEnd notes where the images are, or that they were there until somebody deleted them.
func (l *lateDelivery) recordPostedEnd(ctx context.Context) error {
	l.outcome.Delivered = rest.DeliveredPosted
	if l.recorded.Message == "" {
		l.outcome.Delivered = rest.DeliveredRemoved
	}
	l.outcome.Channel, l.outcome.Message = l.recorded.Channel, l.recorded.Message
	return l.recordEnd(ctx)
}

func (l *lateDelivery) recordEnd(ctx context.Context) error {
	_, err := l.endings.finish(ctx, l.job.ID, l.outcome)
	return err
}

// endUnposted ends a job that could not be posted, with what its owner gets instead.
func (l *lateDelivery) endUnposted(ctx context.Context, d store.Delivery, delivered string) error {
	l.log.Warn("late images could not be posted", "job", l.job.ID, "state", d.State, "reason", d.Reason)
	l.outcome.Delivered, l.outcome.Message = delivered, ""
	var pictures []store.InboxPicture
	if d.State == store.Inbox {
		for _, f := range l.upload.Files {
			pictures = append(pictures, store.InboxPicture{Name: f.Name, Data: f.Data})
		}
	}
	if err := l.endings.finishWithDelivery(ctx, l.job.ID, l.outcome, d, pictures); err != nil || d.State != store.Inbox {
		return err
	}
	l.corrections.inBackground(l.withToken, message.InInbox(l.job.Address, l.job.Spec))
	return nil
}
