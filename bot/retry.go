package bot

import (
	"context"
	"maps"
	"sync"
	"time"

	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/store"
)

// maxRetries is how many corrections are remembered. What is beyond that is put right at the next start.
const maxRetries = 1000

// untold remembers the ends of jobs that could not be told because Discord was in trouble, or that are to be told again.
type retryList struct {
	mu   sync.Mutex
	jobs map[string]correction
}

// ending is a job that has ended, and what its message should say.
type correction struct {
	job       store.Job // with its token, if it was known
	message   func(decodedJob) message.Message
	notBefore time.Time // not before
}

func newRetryList() *retryList { return &retryList{jobs: map[string]correction{}} }

func (u *retryList) add(e correction) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, there := u.jobs[e.job.ID]; there || len(u.jobs) < maxRetries {
		u.jobs[e.job.ID] = e
	}
}

func (u *retryList) remove(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.jobs, id)
}

func (u *retryList) all() map[string]correction {
	u.mu.Lock()
	defer u.mu.Unlock()
	return maps.Clone(u.jobs)
}

// retell tells the ends that could not be told before. One more failure ends the round: Discord is still in trouble.
func (b *Bot) retryCorrections(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, backgroundTimeout)
	defer cancel()
	for id, e := range b.retries.all() {
		if b.o.Now().Before(e.notBefore) {
			continue
		}
		if err := b.applyCorrection(ctx, e); err != nil && !rest.Final(err) {
			return
		}
		b.retries.remove(id)
	}
}

// applyCorrection corrects the message of an ended job if it still offers to cancel it.
func (b *Bot) applyCorrection(ctx context.Context, e correction) error {
	v, err := decodeJob(e.job)
	if err != nil {
		b.log.Error("a job cannot be read", "job", e.job.ID, "error", err)
		return nil
	}
	p, err := b.fetchMessage(ctx, e.job, v)
	if rest.Final(err) {
		return nil // it is gone, or out of reach
	}
	if err != nil || !p.Has(cancelButton(e.job.ID)) {
		return err
	}
	return b.editMessage(ctx, e.job, v, e.message(v))
}
