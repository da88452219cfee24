package delivery

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/store"
)

const (
	// maxRetries is how many corrections are remembered. What is beyond that is repaired at the next start.
	maxRetries = 1000
	// maxBackgroundTasks is how many messages are corrected at once.
	maxBackgroundTasks = 8
	// backgroundTimeout bounds one of them: long enough for Discord's longest usual rate limit.
	backgroundTimeout = time.Minute
	// editInFlight is how long an edit of ours may still have been on its way when a renderer began to edit the message.
	editInFlight = 30 * time.Second
)

// correction is a job that has ended, and what its message should say.
type correction struct {
	job       job.Job // with its token, if it was known
	message   message.Message
	notBefore time.Time
	apology   bool     // it tells that the job failed, which must be noted once it is told
	files     []string // the names of the files that the message must still have, if it shows images
}

// hopeless tells whether no other try of the correction can help after err. A place may open again while the token of a
// private message is good, and nothing else can edit that; but its owner is not kept waiting for an apology.
func (e correction) hopeless(err error) bool {
	return closed(err) && (e.apology || !e.job.Address.Ephemeral || errors.Is(err, errOutOfReach))
}

// retryList remembers corrections that failed because Discord was in trouble, or that should be made once more.
type retryList struct {
	mu   sync.Mutex
	jobs map[string]correction
}

func newRetryList() *retryList { return &retryList{jobs: map[string]correction{}} }

func (l *retryList) add(c correction) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, there := l.jobs[c.job.ID]; there || len(l.jobs) < maxRetries {
		l.jobs[c.job.ID] = c
	}
}

func (l *retryList) has(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, there := l.jobs[id]
	return there
}

func (l *retryList) remove(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.jobs, id)
}

func (l *retryList) all() map[string]correction {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.jobs)
}

// background runs corrections without holding up the caller.
type background struct {
	group errgroup.Group
	log   *slog.Logger
}

func newBackground(log *slog.Logger) *background {
	b := &background{log: log}
	b.group.SetLimit(maxBackgroundTasks)
	return b
}

// do runs a task. When too many run already, it waits for one to end.
func (b *background) do(task func(context.Context)) {
	b.group.Go(func() error {
		//nolint:forbidigo // it is not cut off when the bot stops: Wait waits for it
		ctx, cancel := context.WithTimeout(context.Background(), backgroundTimeout)
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				b.log.Error("a message could not be corrected", "panic", p)
			}
		}()
		task(ctx)
		return nil
	})
}

func (b *background) wait() { _ = b.group.Wait() } // tasks return no errors

// correctorStore is what a corrector needs of the database.
type correctorStore interface {
	finder
	MarkSent(ctx context.Context, job, channel, message string) error
}

// corrector makes the messages of ended jobs say how they ended.
type corrector struct {
	db         correctorStore
	messages   *messages
	background *background
	retries    *retryList
	attempts   *attempts
	now        func() time.Time
	log        *slog.Logger
}

// correctUnended corrects the message of an ended job if it still offers to cancel it. While Discord is in trouble it
// is tried again and again.
func (c *corrector) correctUnended(ctx context.Context, j job.Job, say message.Message) {
	c.correct(ctx, correction{job: j, message: say})
}

// correct makes a correction, and puts it on the retry list if it fails and may succeed later.
func (c *corrector) correct(ctx context.Context, e correction) {
	if err := c.apply(ctx, e); err != nil && !e.hopeless(err) {
		c.log.Warn("a message could not be corrected", "job", e.job.ID, "error", rest.Redact(err.Error()))
		c.attempts.fail(e.job.ID, c.now())
		c.retries.add(e)
	}
}

// inBackground does so without holding up the caller.
func (c *corrector) inBackground(j job.Job, say message.Message) {
	c.correctInBackground(correction{job: j, message: say})
}

func (c *corrector) correctInBackground(e correction) {
	if e.job.Spec.Version == 0 {
		c.log.Error("a job cannot be read", "job", e.job.ID)
		return
	}
	c.background.do(func(ctx context.Context) { c.correct(ctx, e) })
}

// apply corrects the message of an ended job if it still offers to cancel it. A message that somebody deleted needs
// none. If the message is closed to the bot, it returns why.
func (c *corrector) apply(ctx context.Context, e correction) error {
	got, err := c.messages.fetch(ctx, e.job)
	if err == nil && got.Has(e.job.CancelID()) {
		_, err = c.messages.edit(ctx, e.job, e.on(got))
	}
	if err != nil && !rest.Removed(err) {
		if closed(err) {
			c.log.Info("a message cannot be corrected", "job", e.job.ID, "error", rest.Redact(err.Error()))
		}
		return err
	}
	if e.apology {
		return c.db.MarkSent(ctx, e.job.ID, e.job.Address.Channel, e.job.Message)
	}
	return nil
}

// on is what the message should say, as an edit of what it shows now. A card names the files that it keeps. If it has
// lost some, its owner is offered to have the same images rendered again.
func (e correction) on(got rest.Message) message.Message {
	if e.message.Card == nil || !e.message.KeepFiles {
		return e.message
	}
	m := e.message
	if m.Kept = got.Keep(e.files...); len(m.Kept) < len(e.files) {
		return message.Reoffer(e.job.Address, e.job.Spec, e.job.ID)
	}
	return m
}

// maxFailedRetries is how many failures end a round of the retry list: Discord is in trouble as a whole, and not only
// in one place.
const maxFailedRetries = 3

// retry makes the corrections of the retry list that are due.
func (c *corrector) retry(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, backgroundTimeout)
	defer cancel()
	failed := 0
	for id, e := range c.retries.all() {
		now := c.now()
		if now.Before(e.notBefore) || !c.attempts.due(id, now) {
			continue
		}
		if err := c.apply(ctx, e); err != nil && !e.hopeless(err) && now.Sub(e.job.Updated) < deliverFor {
			c.attempts.fail(id, now)
			if failed++; failed == maxFailedRetries {
				return
			}
			continue
		}
		c.attempts.forget(id)
		c.retries.remove(id)
	}
}

// reconcile makes the message of a job that was posted say what SQL says. Another bot may have written its end down,
// and a cancel may have been written down while its renderer was cut off from the queue and posted: the cancel
// stands, and the images go. late tells that an edit of ours may have arrived after the images.
func (c *corrector) reconcile(ctx context.Context, j job.Job, out queue.Outcome, late bool) {
	now, err := c.db.Find(ctx, j.ID)
	switch {
	case err != nil:
	case now.State == store.Cancelled:
		c.retract(ctx, j)
	case now.State == store.Done && late:
		c.restore(ctx, j, out)
	}
}

// restore gives a finished message its text and buttons back, in case an edit of its position arrived after the
// images.
func (c *corrector) restore(ctx context.Context, j job.Job, out queue.Outcome) {
	e := correction{
		job:     j,
		message: message.Finished(j.Address, j.Spec, j.ID, message.Result{Made: out.Files, Millis: out.Millis}),
	}
	for _, f := range out.Files {
		e.files = append(e.files, message.File{Name: f.Name}.SafeName())
	}
	c.correct(ctx, e)
}

// retract takes images back that were posted although their cancel was written down before.
func (c *corrector) retract(ctx context.Context, j job.Job) {
	if got, err := c.messages.fetch(ctx, j); err != nil || !got.Has(j.RemixID()) {
		return // they are not there, or out of reach
	}
	c.log.Warn("images of a cancelled job are taken back", "job", j.ID)
	c.messages.correct(ctx, j, message.Cancelled(j.Address, j.Spec, j.ID))
}

// repair makes an ended job's message say how it ended, if it still shows the job as unfinished.
func (c *corrector) repair(ctx context.Context, j job.Job) {
	switch j.State {
	case store.Done:
		c.repairDone(ctx, j)
	case store.Cancelled:
		c.correctUnended(ctx, j, message.Cancelled(j.Address, j.Spec, j.ID))
	case store.Failed:
		c.correct(ctx, apology(j, j.Reason))
	}
}

func (c *corrector) repairDone(ctx context.Context, j job.Job) {
	out := j.Outcome()
	if len(out.Files) == 0 {
		return
	}
	switch out.Delivered {
	case rest.DeliveredReoffer:
		c.correctUnended(ctx, j, message.Reoffer(j.Address, j.Spec, j.ID))
	case rest.DeliveredInbox:
		c.correctUnended(ctx, j, message.InInbox(j.Address, j.Spec))
	case rest.DeliveredPosted, rest.DeliveredFound:
		c.restore(ctx, j, out)
	}
}
