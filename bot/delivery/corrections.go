package delivery

import (
	"context"
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

// corrector makes the messages of ended jobs say how they ended.
type corrector struct {
	db         finder
	messages   *messages
	background *background
	retries    *retryList
	now        func() time.Time
	log        *slog.Logger
}

// correctUnended corrects the message of an ended job if it still offers to cancel it. While Discord is in trouble it
// is tried again and again.
func (c *corrector) correctUnended(ctx context.Context, j job.Job, say message.Message) {
	err := c.apply(ctx, correction{job: j, message: say})
	if err == nil || rest.Removed(err) {
		return
	}
	c.log.Warn(
		"a message could not be corrected", "job", j.ID, "again", !rest.Final(err), "error", rest.Redact(err.Error()),
	)
	if !rest.Final(err) {
		c.retries.add(correction{job: j, message: say})
	}
}

// inBackground does so without holding up the caller.
func (c *corrector) inBackground(j job.Job, say message.Message) {
	if j.Spec.Version == 0 {
		c.log.Error("a job cannot be read", "job", j.ID)
		return
	}
	c.background.do(func(ctx context.Context) { c.correctUnended(ctx, j, say) })
}

// apply corrects the message of an ended job if it still offers to cancel it.
func (c *corrector) apply(ctx context.Context, e correction) error {
	got, err := c.messages.fetch(ctx, e.job)
	if rest.Final(err) {
		return nil // it is gone, or out of reach
	}
	if err != nil || !got.Has(e.job.CancelID()) {
		return err
	}
	return c.messages.edit(ctx, e.job, e.message)
}

// retry makes the corrections of the retry list. One more failure ends the round: Discord is still in trouble.
func (c *corrector) retry(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, backgroundTimeout)
	defer cancel()
	for id, e := range c.retries.all() {
		if c.now().Before(e.notBefore) {
			continue
		}
		if err := c.apply(ctx, e); err != nil && !rest.Final(err) {
			return
		}
		c.retries.remove(id)
	}
}

// reconcile makes the message of a job that was posted say what SQL says. Another bot may have written its end down,
// and a cancel may have been written down while its renderer was cut off from the queue and posted: the cancel
// stands, and the pictures go. late tells that an edit of ours may have arrived after the pictures.
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
// pictures.
func (c *corrector) restore(ctx context.Context, j job.Job, out queue.Outcome) {
	m := message.Finished(j.Address, j.Spec, j.ID, nil, out.Files)
	m.Rows, m.KeepFiles = message.FinishedRows(j.Spec, j.ID, len(out.Files)), true
	c.correctUnended(ctx, j, m)
}

// retract takes pictures back that were posted although their cancel was written down before.
func (c *corrector) retract(ctx context.Context, j job.Job) {
	if got, err := c.messages.fetch(ctx, j); err != nil || !got.Has(j.RemixID()) {
		return // they are not there, or out of reach
	}
	c.log.Warn("pictures of a cancelled job are taken back", "job", j.ID)
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
		c.correctUnended(ctx, j, message.Failed(j.Address, j.Spec, j.ID, message.FailureReason(j.Reason)))
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
