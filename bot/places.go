package bot

import (
	"context"
	"errors"
	"time"

	"darkroom/bot/reply"
	"darkroom/queue"
	"darkroom/store"
)

// movedAtOnce is how many messages are told their new place in one round: those nearest to the front, since theirs is
// the news that matters, and Discord lets only so many edits pass.
const movedAtOnce = 10

// places keeps the places shown in waiting messages true, at a pace Discord bears.
func (b *Bot) places(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.moving:
		}
		s, err := b.line.Snapshot(ctx)
		if err == nil {
			b.tellPlaces(ctx, s)
		}
		if sleep(ctx, b.o.Pace.Places) != nil {
			return nil
		}
	}
}

func (b *Bot) tellPlaces(ctx context.Context, s queue.Snapshot) {
	told := 0
	for _, j := range s.Jobs {
		g, known := b.watched.get(j.ID)
		if j.Place == 0 || g.taken || known && g.place == j.Place {
			continue
		}
		if told++; told > movedAtOnce {
			poke(b.moving) // the rest next time
			return
		}
		e, err := b.ledger.Find(ctx, j.ID)
		if err != nil || e.State != store.Waiting {
			continue
		}
		b.showPlace(ctx, e, j.Place)
	}
}

// showPlace tells a waiting job's message its place; 0 says that the line is being put together again. A renderer may
// take the job at any moment, so the files are left alone, and afterwards it is made sure that the edit did not come
// after the pictures.
func (b *Bot) showPlace(ctx context.Context, e store.Entry, place int) {
	if g, _ := b.watched.get(e.ID); g.taken {
		return
	}
	b.watched.shown(e.ID, place, b.o.Now())
	b.correct(ctx, e, func(v view) reply.Message {
		m := reply.Waiting(v.to, v.spec, e.ID, place)
		m.Leave = true
		return m
	})
	b.watched.change(e.ID, func(g *glimpse) { g.told = b.o.Now() })
	now, err := b.ledger.Find(ctx, e.ID)
	if err != nil || !terminal(now) {
		return
	}
	b.watched.forget(e.ID)
	now.Reply = e.Reply // with its token
	b.aside(func(ctx context.Context) { b.putRight(ctx, now) })
}

// ahead returns how many jobs wait, or -1 when the queue does not say at once.
func (b *Bot) ahead(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	s, err := b.line.Snapshot(ctx)
	if err != nil {
		if errors.Is(err, queue.ErrEpoch) {
			poke(b.owing)
		}
		return -1
	}
	return s.Waiting
}
