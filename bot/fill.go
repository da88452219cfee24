package bot

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/reply"
	"darkroom/queue"
	"darkroom/store"
)

const (
	// owedAtOnce is how many jobs one query of the relay brings.
	owedAtOnce = 1000
	// fillers is how many people's jobs are enqueued at once. One person's go one after the other: the order in which they
	// come is the order in which they are painted.
	fillers = 8
	// copiers is how many input pictures are copied at once for the relay.
	copiers = 4
)

// fill enqueues what is owed to an epoch. Jobs whose input pictures have still to be copied are left to others: Discord may
// be slow, and nobody else should wait for it.
func (b *Bot) fill(ctx context.Context, epoch int64) (err error) {
	defer func() { b.full.Store(errors.Is(err, queue.ErrFull)) }()
	policy := once(b.ledger.Policy)
	for {
		owed, err := b.ledger.Owed(ctx, epoch, owedAtOnce+int(b.copyingNow.Load()))
		if err != nil {
			return err
		}
		ready := b.leaveCopying(ctx, epoch, owed)
		moved, err := b.bringIn(ctx, epoch, ready, policy)
		if err != nil || moved == 0 || len(owed) < owedAtOnce {
			return err
		}
	}
}

// leaveCopying begins to copy what has to be copied, as far as there are hands free, and returns the other jobs.
func (b *Bot) leaveCopying(ctx context.Context, epoch int64, owed []store.Entry) (ready []store.Entry) {
	for _, e := range owed {
		if len(e.Pending) == 0 {
			ready = append(ready, e)
			continue
		}
		b.copies.TryGo(func() error {
			b.copyingNow.Add(1)
			defer b.copyingNow.Add(-1)
			if err := b.enlistIn(ctx, epoch, e); err != nil && !passing(err) && ctx.Err() == nil {
				b.log.Warn("a start picture is not copied yet", "job", e.ID, "error", reply.Redact(err.Error()))
			}
			return nil
		})
	}
	return ready
}

// bringIn enqueues jobs and notes it for all of them at once. It returns how many went in. One job that cannot be brought
// in keeps no other out.
func (b *Bot) bringIn(ctx context.Context, epoch int64, jobs []store.Entry, policy policyOf) (int, error) {
	var in []string
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(fillers)
	var trouble error
	for _, mine := range byPerson(jobs) {
		g.Go(func() error {
			for _, e := range mine {
				err := b.put(ctx, epoch, b.again(e), policy)
				mu.Lock()
				switch {
				case err == nil:
					in = append(in, e.ID)
				case !passing(err):
					trouble = err
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
	if len(in) > 0 {
		poke(b.moving)
		not, err := b.ledger.EnqueuedAll(ctx, epoch, in)
		if err != nil {
			return 0, err
		}
		if err := b.takeOut(ctx, not); err != nil {
			return 0, err
		}
	}
	if stopped != nil {
		return len(in), stopped
	}
	return len(in), trouble
}

// byPerson sorts jobs into those of one person in one server, each in their order. Whoever comes first stays first.
func byPerson(jobs []store.Entry) [][]store.Entry {
	type person struct{ server, user string }
	at := map[person]int{}
	var all [][]store.Entry
	for _, e := range jobs {
		p := person{e.Server, e.User}
		i, there := at[p]
		if !there {
			i, at[p] = len(all), len(all)
			all = append(all, nil)
		}
		all[i] = append(all[i], e)
	}
	return all
}

// takeOut takes jobs back out of the line that ended on their way into it.
func (b *Bot) takeOut(ctx context.Context, ids []string) error {
	for _, id := range ids {
		e, err := b.ledger.Find(ctx, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil && !terminal(e) {
			continue // somebody else noted it
		}
		if _, err := b.line.Cancel(ctx, id, "it ended on its way"); err != nil {
			return err
		}
	}
	return nil
}

// policyOf reads a server's policy.
type policyOf func(ctx context.Context, server string) (store.Policy, error)

// once reads each server's policy once.
func once(read policyOf) policyOf {
	var mu sync.Mutex
	known := map[string]store.Policy{}
	return func(ctx context.Context, server string) (store.Policy, error) {
		mu.Lock()
		defer mu.Unlock()
		if p, there := known[server]; there {
			return p, nil
		}
		p, err := read(ctx, server)
		if err == nil {
			known[server] = p
		}
		return p, err
	}
}
