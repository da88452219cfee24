package outbox

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
	// maxEnqueuing is how many people's jobs are enqueued at once. One person's go one after the other: the order in which
	// they come is the order in which they are rendered.
	maxEnqueuing = 8
	// maxCopying is how many input images are copied at once for the relay.
	maxCopying = 4
)

// enqueueUnqueued enqueues what an epoch lacks. Jobs whose input images must still be copied go on in the background:
// Discord may be slow, and nobody else should wait for it.
func (o *Outbox) enqueueUnqueued(ctx context.Context, epoch int64) (err error) {
	full := false
	defer func() { o.queueFull.Store(full || errors.Is(err, queue.ErrFull)) }()
	policy := cachedPolicies(o.db.Policy)
	for {
		limit := relayBatch + int(o.copyingCount.Load())
		room, err := o.health.room(ctx, limit)
		if err != nil {
			return err
		}
		unqueued, err := o.db.Unqueued(ctx, epoch, room)
		if err != nil {
			return err
		}
		full = room < limit && len(unqueued) == room
		ready := o.startCopies(ctx, epoch, unqueued)
		moved, err := o.enqueueAll(ctx, epoch, ready, policy)
		if err != nil || moved == 0 || len(unqueued) < relayBatch {
			return err
		}
	}
}

// startCopies begins to copy input images, as many at once as may be, and returns the jobs that need none.
func (o *Outbox) startCopies(ctx context.Context, epoch int64, unqueued []store.Job) (ready []store.Job) {
	for _, row := range unqueued {
		if len(row.PendingInputs) == 0 {
			ready = append(ready, row)
			continue
		}
		o.copies.TryGo(func() error {
			o.copyingCount.Add(1)
			defer o.copyingCount.Add(-1)
			if _, err := o.single.enqueue(ctx, epoch, read(row), o.db.Policy); err != nil && !needsNoRetry(err) &&
				ctx.Err() == nil {
				o.log.Warn("a start image is not copied yet", "job", row.ID, "error", rest.Redact(err.Error()))
			}
			return nil
		})
	}
	return ready
}

// batch is what enqueueAll has enqueued so far.
type batch struct {
	mu      sync.Mutex
	ids     []string
	lastErr error
}

func (b *batch) add(id string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err == nil:
		b.ids = append(b.ids, id)
	case !needsNoRetry(err):
		b.lastErr = err
	}
}

// enqueueAll enqueues jobs and notes their epoch for all of them at once. It returns how many it enqueued. A job that
// cannot be enqueued does not keep others out.
func (o *Outbox) enqueueAll(ctx context.Context, epoch int64, rows []store.Job, policy policyReader) (int, error) {
	var queued batch
	var g errgroup.Group
	g.SetLimit(maxEnqueuing)
	for _, mine := range byPerson(rows) {
		g.Go(func() error {
			for _, row := range mine {
				err := o.single.add(ctx, epoch, o.epochs.markMaybePosted(read(row)), policy)
				queued.add(row.ID, err)
				if errors.Is(err, queue.ErrEpoch) || errors.Is(err, queue.ErrFull) || ctx.Err() != nil {
					return err
				}
			}
			return nil
		})
	}
	stopped := g.Wait()
	if len(queued.ids) > 0 {
		o.opts.Enqueued()
		if err := o.markEnqueued(ctx, epoch, queued.ids); err != nil {
			return 0, err
		}
	}
	if stopped != nil {
		return len(queued.ids), stopped
	}
	return len(queued.ids), queued.lastErr
}

// markEnqueued notes the epoch of jobs, and takes those out again that ended meanwhile.
func (o *Outbox) markEnqueued(ctx context.Context, epoch int64, ids []string) error {
	unmarked, err := o.db.MarkEnqueuedAll(ctx, epoch, ids)
	if err != nil {
		return err
	}
	for _, id := range unmarked {
		if err := o.single.removeEnded(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// byPerson sorts jobs into those of one person in one server, each in their order. Whoever comes first stays first.
func byPerson(rows []store.Job) [][]store.Job {
	type person struct{ server, user string }
	at := map[person]int{}
	var all [][]store.Job
	for _, row := range rows {
		p := person{row.Server, row.User}
		i, known := at[p]
		if !known {
			i, at[p] = len(all), len(all)
			all = append(all, nil)
		}
		all[i] = append(all[i], row)
	}
	return all
}

// cachedPolicies reads each server's policy once.
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
