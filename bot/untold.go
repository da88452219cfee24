package bot

import (
	"context"
	"maps"
	"sync"
	"time"

	"darkroom/bot/reply"
	"darkroom/store"
)

// untoldMost is how many corrections are remembered. What is beyond that is put right at the next start.
const untoldMost = 1000

// untold remembers the ends of jobs that could not be told because Discord was in trouble, or that are to be told again.
type untold struct {
	mu   sync.Mutex
	jobs map[string]ending
}

// ending is a job that has ended, and what its message should say.
type ending struct {
	job store.Entry // with its token, if it was known
	say func(view) reply.Message
	due time.Time // not before
}

func newUntold() *untold { return &untold{jobs: map[string]ending{}} }

func (u *untold) keep(e ending) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, there := u.jobs[e.job.ID]; there || len(u.jobs) < untoldMost {
		u.jobs[e.job.ID] = e
	}
}

func (u *untold) drop(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.jobs, id)
}

func (u *untold) all() map[string]ending {
	u.mu.Lock()
	defer u.mu.Unlock()
	return maps.Clone(u.jobs)
}

// retell tells the ends that could not be told before. One more failure ends the round: Discord is still in trouble.
func (b *Bot) retell(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, asideLimit)
	defer cancel()
	for id, e := range b.untold.all() {
		if b.o.Now().Before(e.due) {
			continue
		}
		if err := b.tellEnd(ctx, e); err != nil && !reply.Final(err) {
			return
		}
		b.untold.drop(id)
	}
}

// tellEnd corrects the message of an ended job if it still offers to cancel it.
func (b *Bot) tellEnd(ctx context.Context, e ending) error {
	v, err := see(e.job)
	if err != nil {
		b.log.Error("a job cannot be read", "job", e.job.ID, "error", err)
		return nil
	}
	p, err := b.look(ctx, e.job, v)
	if reply.Final(err) {
		return nil // it is gone, or out of reach
	}
	if err != nil || !p.Has(cancelButton(e.job.ID)) {
		return err
	}
	return b.edit(ctx, e.job, v, e.say(v))
}
