package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"darkroom/queue"
)

// hand is the jobs that were leased together. They are painted in turn or at once, and kept alive together.
type batch struct {
	Worker
	runs   []*jobRun
	starts []func(stop context.Context, myTurn <-chan struct{}) error // of each turn
}

// serve sees the jobs of one call of Reserve through. It returns ErrHung when one of them hangs in its painting.
func (d *loop) runBatch(ctx context.Context, leases []queue.Lease) error {
	h := &batch{Worker: d.Worker}
	for _, l := range leases {
		t, run := newJobRun(ctx, d.Worker, l)
		h.runs, h.starts = append(h.runs, t), append(h.starts, run)
	}
	d.setRuns(h.runs)
	defer d.setRuns(nil)
	heartbeatCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	var heartbeats sync.WaitGroup
	heartbeats.Go(func() { h.heartbeatLoop(heartbeatCtx) })
	err := h.run(ctx)
	stop()
	heartbeats.Wait()
	return err
}

func (d *loop) setRuns(runs []*jobRun) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.runs = runs
}

// run works on the jobs, each when the one before is over, or on all at once. What waits when one hangs is given back.
func (h *batch) run(stop context.Context) error {
	errs := make([]error, len(h.runs))
	previous := make(chan struct{})
	close(previous)
	renderer, together := h.Renderer.(BatchRenderer)
	if together = together && len(h.runs) > 1; together {
		h.begin(renderer)
	}
	var wg sync.WaitGroup
	for i, t := range h.runs {
		myTurn := previous
		wg.Go(func() {
			if errs[i] = h.starts[i](stop, myTurn); errors.Is(errs[i], ErrHung) {
				h.cancelAll(ErrStopping)
			}
			t.leaveBatch()
			<-myTurn
			close(t.finished)
		})
		if !together {
			previous = t.finished
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}

// gather tells the painter what is painted at once, and each turn with how many others it shares the time.
func (h *batch) begin(g BatchRenderer) {
	jobs := make([]string, len(h.runs))
	for i, t := range h.runs {
		jobs[i] = t.job.ID
	}
	leave := g.BeginBatch(jobs)
	for _, t := range h.runs {
		t.batchSize = len(h.runs)
		t.leaveBatch = sync.OnceFunc(func() { leave(t.job.ID) })
	}
}

func (h *batch) cancelAll(cause error) {
	for _, t := range h.runs {
		t.cancelLease(cause)
	}
}

// pulse beats until ctx ends: at once, for a cancel may have come between the lease and now, then each Beat. A beat that
// was not answered, or met another epoch, is soon sent again; the alarms end the holds if none gets through.
func (h *batch) heartbeatLoop(ctx context.Context) {
	for ctx.Err() == nil {
		pause := jitter(h.Options.Heartbeat)
		if !h.heartbeat(ctx) {
			pause = h.Options.Heartbeat / 4
		}
		sleep(ctx, pause)
	}
}

// beat tells whether every job in hand was answered for.
func (h *batch) heartbeat(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, h.Options.Heartbeat)
	defer cancel()
	allAnswered := true
	for _, runs := range h.byEpoch() {
		sent := time.Now()
		held := make([]queue.HeldLease, len(runs))
		for i, t := range runs {
			held[i] = queue.HeldLease{ID: t.job.ID, Token: t.lease().Token, Percent: int(t.percent.Load())}
		}
		verdicts, err := h.Queue.Heartbeat(ctx, h.Options.Slot, held)
		if err != nil || len(verdicts) != len(runs) {
			allAnswered = false
			continue
		}
		for i, t := range runs {
			allAnswered = t.applyVerdict(ctx, verdicts[i], held[i].Token, sent) && allAnswered
		}
	}
	return allAnswered
}

// byEpoch groups the jobs that are not over: a call to the queue is for one epoch.
func (h *batch) byEpoch() map[int64][]*jobRun {
	groups := map[int64][]*jobRun{}
	for _, t := range h.runs {
		if !t.ended.Load() {
			e := t.lease().Token.Epoch
			groups[e] = append(groups[e], t)
		}
	}
	return groups
}
