package bot

import (
	"context"
	"fmt"
	"math"
	"time"

	"darkroom/bot/reply"
	"darkroom/queue"
	"darkroom/store"
)

const (
	// movedAtOnce is how many messages are told their new place in one round: those nearest to the front, since theirs is
	// the news that matters, and Discord lets only so many edits pass.
	movedAtOnce = 10
	// placesAnyway is after how many rounds without news the estimates are looked at all the same.
	placesAnyway = 5
	// slipped is by how much of the time that is left an estimate may be off before it is told anew, and slippedLeast the
	// least that matters.
	slipped      = 0.25
	slippedLeast = 15 * time.Second
)

// places keeps the places and estimates shown in waiting messages true, at a pace Discord bears.
func (b *Bot) places(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.moving:
		case <-time.After(b.untilStale()):
		}
		b.tellPlaces(ctx)
		if sleep(ctx, b.o.Pace.Places) != nil {
			return nil
		}
	}
}

// untilStale is how long the estimates may be left alone when nothing moves: no message should stand for long under a
// moment that has passed.
func (b *Bot) untilStale() time.Duration {
	anyway, now := placesAnyway*b.o.Pace.Places, b.o.Now()
	next, known := b.watched.nextPromised(now)
	if !known {
		return anyway
	}
	return min(anyway, next.Sub(now))
}

// tellPlaces tells what has changed. Of several bots one does it.
func (b *Bot) tellPlaces(ctx context.Context) {
	mine, err := b.claim(ctx, "places:"+b.o.Pool, 3*placesAnyway*b.o.Pace.Places)
	if err != nil || !mine {
		return
	}
	if waiting, _, err := b.line.Counts(ctx); err != nil || waiting == 0 {
		return // a look at the whole line would cost more
	}
	s, up, err := b.sight.look(ctx)
	if err != nil {
		return
	}
	forecast := queue.Forecast(s, up)
	told := 0
	for _, j := range s.Jobs {
		if j.Place == 0 {
			continue
		}
		g, known := b.watched.get(j.ID)
		st := b.standing(s, j, forecast)
		if g.taken || known && !g.outdated(st, b.o.Now()) {
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
		st.Back = b.whyBack(g, st)
		b.showPlace(ctx, e, st)
	}
}

// waits looks whether a message still waits for its pictures. If it shows them, its place is no news, and would hide from
// the next renderer that there is nothing left to paint.
func (b *Bot) waits(ctx context.Context, e store.Entry) bool {
	v, err := see(e)
	if err != nil {
		return false
	}
	p, err := b.look(ctx, e, v)
	return err == nil && !p.Has(remixButton(e.ID))
}

// outdated tells whether what a message shows is no longer so.
func (g glimpse) outdated(now reply.Standing, at time.Time) bool {
	if g.place != now.Place || g.paused != now.Paused || g.done.IsZero() != now.Done.IsZero() {
		return true
	}
	if g.done.IsZero() {
		return false
	}
	if !g.done.After(at) && now.Done.After(at) {
		return true // it stands there as if it were over
	}
	if at.Sub(g.told) < slippedLeast {
		return false
	}
	left := now.Done.Sub(at)
	off := time.Duration(math.Abs(float64(now.Done.Sub(g.done))))
	return off > max(slippedLeast, time.Duration(slipped*float64(left)))
}

// whyBack is why a place is further back than the last that was shown. Nobody joins before somebody who is owed more.
func (b *Bot) whyBack(g glimpse, now reply.Standing) string {
	switch {
	case g.place <= 0 || now.Place <= g.place || now.Paused:
		return ""
	case b.refilled.Load() > g.told.UnixNano():
		return fmt.Sprintf("It was #%d until the line was put together again", g.place)
	}
	return fmt.Sprintf("It was #%d: others who have had less of the time came in between", g.place)
}

// showPlace tells a waiting job's message its place; 0 says that the line is being put together again. A renderer may
// take the job at any moment, so the files are left alone, and afterwards it is made sure that the edit did not come
// after the pictures.
func (b *Bot) showPlace(ctx context.Context, e store.Entry, st reply.Standing) {
	g, known := b.watched.get(e.ID)
	if g.taken {
		return
	}
	b.watched.shown(e.ID, st, b.o.Now())
	if (!known || g.place < 0 || b.elsewhere(e)) && !b.waits(ctx, e) {
		return
	}
	b.correct(ctx, e, func(v view) reply.Message {
		m := reply.Waiting(v.to, v.spec, e.ID, st)
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
