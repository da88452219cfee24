package work

import (
	"context"
	"errors"
	"sync"
	"time"

	"darkroom/queue"
)

// hand is the jobs that were leased together. They are painted in turn or at once, and kept alive together.
type hand struct {
	Bench
	turns []*turn
	runs  []func(stop context.Context, mine <-chan struct{}) error // of each turn
}

// serve sees the jobs of one call of Reserve through. It returns ErrHung when one of them hangs in its painting.
func (d *day) serve(ctx context.Context, leases []queue.Lease) error {
	h := &hand{Bench: d.Bench}
	for _, l := range leases {
		t, run := newTurn(ctx, d.Bench, l)
		h.turns, h.runs = append(h.turns, t), append(h.runs, run)
	}
	d.take(h.turns)
	defer d.take(nil)
	pulse, stop := context.WithCancel(context.WithoutCancel(ctx))
	var beating sync.WaitGroup
	beating.Go(func() { h.pulse(pulse) })
	err := h.run(ctx)
	stop()
	beating.Wait()
	return err
}

func (d *day) take(turns []*turn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hand = turns
}

// run works on the jobs, each when the one before is over, or on all at once. What waits when one hangs is given back.
func (h *hand) run(stop context.Context) error {
	errs := make([]error, len(h.turns))
	before := make(chan struct{})
	close(before)
	gather, once := h.Paint.(Gatherer)
	if once = once && len(h.turns) > 1; once {
		h.gather(gather)
	}
	var wg sync.WaitGroup
	for i, t := range h.turns {
		mine := before
		wg.Go(func() {
			if errs[i] = h.runs[i](stop, mine); errors.Is(errs[i], ErrHung) {
				h.drop(ErrStopping)
			}
			t.finished()
			<-mine
			close(t.over)
		})
		if !once {
			before = t.over
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}

// gather tells the painter what is painted at once, and each turn with how many others it shares the time.
func (h *hand) gather(g Gatherer) {
	jobs := make([]string, len(h.turns))
	for i, t := range h.turns {
		jobs[i] = t.job.ID
	}
	over := g.Gather(jobs)
	for _, t := range h.turns {
		t.mates = len(h.turns)
		t.finished = sync.OnceFunc(func() { over(t.job.ID) })
	}
}

func (h *hand) drop(cause error) {
	for _, t := range h.turns {
		t.drop(cause)
	}
}

// pulse beats until ctx ends: at once, for a cancel may have come between the lease and now, then each Beat. A beat that
// was not answered, or met another epoch, is soon sent again; the alarms end the holds if none gets through.
func (h *hand) pulse(ctx context.Context) {
	for ctx.Err() == nil {
		pause := jitter(h.Options.Beat)
		if !h.beat(ctx) {
			pause = h.Options.Beat / 4
		}
		rest(ctx, pause)
	}
}

// beat tells whether every job in hand was answered for.
func (h *hand) beat(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, h.Options.Beat)
	defer cancel()
	well := true
	for _, turns := range h.byEpoch() {
		sent := time.Now()
		held := make([]queue.Held, len(turns))
		for i, t := range turns {
			held[i] = queue.Held{ID: t.job.ID, Token: t.lease().Token, Percent: int(t.percent.Load())}
		}
		verdicts, err := h.Queue.Beat(ctx, h.Options.Slot, held)
		if err != nil || len(verdicts) != len(turns) {
			well = false
			continue
		}
		for i, t := range turns {
			well = t.heed(ctx, verdicts[i], held[i].Token, sent) && well
		}
	}
	return well
}

// byEpoch groups the jobs that are not over: a call to the queue is for one epoch.
func (h *hand) byEpoch() map[int64][]*turn {
	groups := map[int64][]*turn{}
	for _, t := range h.turns {
		if !t.gone.Load() {
			e := t.lease().Token.Epoch
			groups[e] = append(groups[e], t)
		}
	}
	return groups
}
