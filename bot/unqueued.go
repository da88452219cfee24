package bot

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/store"
)

const (
	// relayBatch is how many jobs one query of the relay brings.
	relayBatch = 1000
	// fillers is how many people's jobs are enqueued at once. One person's go one after the other: the order in which they
	// come is the order in which they are painted.
	maxEnqueuing = 8
	// copiers is how many input pictures are copied at once for the relay.
	maxCopying = 4
)

// fill enqueues what is owed to an epoch. Jobs whose input pictures have still to be copied are left to others: Discord may
// be slow, and nobody else should wait for it.
func (b *Bot) enqueueUnqueued(ctx context.Context, epoch int64) (err error) {
	defer func() { b.queueFull.Store(errors.Is(err, queue.ErrFull)) }()
	policy := cachedPolicies(b.db.Policy)
	for {
		unqueued, err := b.db.Unqueued(ctx, epoch, relayBatch+int(b.copyingCount.Load()))
		if err != nil {
			return err
		}
		ready := b.startCopies(ctx, epoch, unqueued)
		moved, err := b.enqueueAll(ctx, epoch, ready, policy)
		if err != nil || moved == 0 || len(unqueued) < relayBatch {
			return err
		}
	}
}

// startCopies begins to copy what has to be copied, as far as there are hands free, and returns the other jobs.
func (b *Bot) startCopies(ctx context.Context, epoch int64, unqueued []store.Job) (ready []store.Job) {
	for _, e := range unqueued {
		if len(e.PendingInputs) == 0 {
			ready = append(ready, e)
			continue
		}
		b.copies.TryGo(func() error {
			b.copyingCount.Add(1)
			defer b.copyingCount.Add(-1)
			if err := b.enqueueIn(ctx, epoch, e); err != nil && !needsNoRetry(err) && ctx.Err() == nil {
				b.log.Warn("a start picture is not copied yet", "job", e.ID, "error", rest.Redact(err.Error()))
			}
			return nil
		})
	}
	return ready
}

// enqueueAll enqueues jobs and notes it for all of them at once. It returns how many went in. One job that cannot be brought
// in keeps no other out.
func (b *Bot) enqueueAll(ctx context.Context, epoch int64, jobs []store.Job, policy policyReader) (int, error) {
	var queued []string
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(maxEnqueuing)
	var lastErr error
	for _, mine := range byPerson(jobs) {
		g.Go(func() error {
			for _, e := range mine {
				err := b.addToQueue(ctx, epoch, b.markMaybePosted(e), policy)
				mu.Lock()
				switch {
				case err == nil:
					queued = append(queued, e.ID)
				case !needsNoRetry(err):
					lastErr = err
				}
				mu.Unlock()
				if errors.Is(err, queue.ErrEpoch) || errors.Is(err, queue.ErrFull) || ctx.Err() != nil {
					return err
				}
			}
			return nil
		})
	}
	stopped := g.Wait()
	if len(queued) > 0 {
		wake(b.positionsWake)
		unmarked, err := b.db.MarkEnqueuedAll(ctx, epoch, queued)
		if err != nil {
			return 0, err
		}
		if err := b.removeEnded(ctx, unmarked); err != nil {
			return 0, err
		}
	}
	if stopped != nil {
		return len(queued), stopped
	}
	return len(queued), lastErr
}

// byPerson sorts jobs into those of one person in one server, each in their order. Whoever comes first stays first.
func byPerson(jobs []store.Job) [][]store.Job {
	type person struct{ server, user string }
	at := map[person]int{}
	var all [][]store.Job
	for _, e := range jobs {
		p := person{e.Server, e.User}
		i, known := at[p]
		if !known {
			i, at[p] = len(all), len(all)
			all = append(all, nil)
		}
		all[i] = append(all[i], e)
	}
	return all
}

// removeEnded takes jobs back out of the line that ended on their way into it.
func (b *Bot) removeEnded(ctx context.Context, ids []string) error {
	for _, id := range ids {
		e, err := b.db.Find(ctx, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil && !terminal(e) {
			continue // somebody else noted it
		}
		if _, err := b.queue.Cancel(ctx, id, "it ended on its way"); err != nil {
			return err
		}
	}
	return nil
}

// policyReader reads a server's policy.
type policyReader func(ctx context.Context, server string) (store.Policy, error)

// once reads each server's policy once.
func cachedPolicies(read policyReader) policyReader {
	var mu sync.Mutex
	known := map[string]store.Policy{}
	return func(ctx context.Context, server string) (store.Policy, error) {
		mu.Lock()
		defer mu.Unlock()
		if p, known := known[server]; known {
			return p, nil
		}
		p, err := read(ctx, server)
		if err == nil {
			known[server] = p
		}
		return p, err
	}
}
