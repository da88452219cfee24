package bot

import (
	"context"
	"fmt"
	"math"
	"time"

	"darkroom/bot/message"
	"darkroom/queue"
	"darkroom/store"
)

const (
	// maxPositionEdits is how many messages are told their new place in one round: those nearest to the front, since theirs is
	// the news that matters, and Discord lets only so many edits pass.
	maxPositionEdits = 10
	// roundsWithoutNews is after how many rounds without news the estimates are looked at all the same.
	roundsWithoutNews = 5
	// slipped is by how much of the time that is left an estimate may be off before it is told anew, and minEstimateChange the
	// least that matters.
	estimateTolerance = 0.25
	minEstimateChange = 15 * time.Second
)

// places keeps the places and estimates shown in waiting messages true, at a pace Discord bears.
func (b *Bot) updatePositions(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.positionsWake:
		case <-time.After(b.nextPositionUpdate()):
		}
		b.showPositions(ctx)
		if sleep(ctx, b.o.Intervals.Positions) != nil {
			return nil
		}
	}
}

// nextPositionUpdate is how long the estimates may be left alone when nothing moves: no message should stand for long under a
// moment that has passed.
func (b *Bot) nextPositionUpdate() time.Duration {
	longest, now := roundsWithoutNews*b.o.Intervals.Positions, b.o.Now()
	next, known := b.shown.nextETA(now)
	if !known {
		return longest
	}
	return min(longest, next.Sub(now))
}

// showPositions tells what has changed. Of several bots one does it.
func (b *Bot) showPositions(ctx context.Context) {
	mine, err := b.claim(ctx, "places:"+b.o.Pool, 3*roundsWithoutNews*b.o.Intervals.Positions)
	if err != nil || !mine {
		return
	}
	if waiting, _, err := b.queue.Counts(ctx); err != nil || waiting == 0 {
		return // a look at the whole line would cost more
	}
	s, renderers, err := b.queueView.refresh(ctx)
	if err != nil {
		return
	}
	estimates := queue.EstimateTimes(s, renderers)
	shown := 0
	for _, j := range s.Jobs {
		if j.Position == 0 {
			continue
		}
		g, known := b.shown.get(j.ID)
		st := b.queueStatus(s, j, estimates)
		if g.leased || known && !g.outdated(st, b.o.Now()) {
			continue
		}
		if shown++; shown > maxPositionEdits {
			wake(b.positionsWake) // the rest next time
			return
		}
		e, err := b.db.Find(ctx, j.ID)
		if err != nil || e.State != store.Waiting {
			continue
		}
		st.MovedBack = b.movedBackReason(g, st)
		b.showPosition(ctx, e, st)
	}
}

// waits looks whether a message still waits for its pictures. If it shows them, its place is no news, and would hide from
// the next renderer that there is nothing left to paint.
func (b *Bot) stillWaiting(ctx context.Context, e store.Job) bool {
	v, err := decodeJob(e)
	if err != nil {
		return false
	}
	p, err := b.fetchMessage(ctx, e, v)
	return err == nil && !p.Has(remixButton(e.ID))
}

// outdated tells whether what a message shows is no longer so.
func (g shownState) outdated(now message.QueueStatus, at time.Time) bool {
	if g.position != now.Position || g.paused != now.Paused || g.eta.IsZero() != now.ETA.IsZero() {
		return true
	}
	if g.eta.IsZero() {
		return false
	}
	if !g.eta.After(at) && now.ETA.After(at) {
		return true // it stands there as if it were over
	}
	if at.Sub(g.edited) < minEstimateChange {
		return false
	}
	left := now.ETA.Sub(at)
	off := time.Duration(math.Abs(float64(now.ETA.Sub(g.eta))))
	return off > max(minEstimateChange, time.Duration(estimateTolerance*float64(left)))
}

// movedBackReason is why a place is further back than the last that was shown. Nobody joins before somebody who is owed more.
func (b *Bot) movedBackReason(g shownState, now message.QueueStatus) string {
	switch {
	case g.position <= 0 || now.Position <= g.position || now.Paused:
		return ""
	case b.epochBegan.Load() > g.edited.UnixNano():
		return fmt.Sprintf("It was #%d until the line was put together again", g.position)
	}
	return fmt.Sprintf("It was #%d: others who have had less of the time came in between", g.position)
}

// showPosition tells a waiting job's message its place; 0 says that the line is being put together again. A renderer may
// take the job at any moment, so the files are left alone, and afterwards it is made sure that the edit did not come
// after the pictures.
func (b *Bot) showPosition(ctx context.Context, e store.Job, st message.QueueStatus) {
	g, known := b.shown.get(e.ID)
	if g.leased {
		return
	}
	b.shown.setShown(e.ID, st, b.o.Now())
	if (!known || g.position < 0 || b.mayHaveRun(e)) && !b.stillWaiting(ctx, e) {
		return
	}
	b.correct(ctx, e, func(v decodedJob) message.Message {
		m := message.Waiting(v.address, v.spec, e.ID, st)
		m.KeepFiles = true
		return m
	})
	b.shown.update(e.ID, func(g *shownState) { g.edited = b.o.Now() })
	now, err := b.db.Find(ctx, e.ID)
	if err != nil || !terminal(now) {
		return
	}
	b.shown.forget(e.ID)
	now.Address = e.Address // with its token
	b.inBackground(func(ctx context.Context) { b.repairMessage(ctx, now) })
}
