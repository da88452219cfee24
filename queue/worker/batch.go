package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"darkroom/queue"
	"darkroom/queue/backoff"
)

// batch is the jobs that were leased together. They are rendered one after another or together, and kept alive
// together.
type batch struct {
	Worker
	runs   []*jobRun
	starts []startFunc // of each run
}

// runBatch runs the jobs of one call of Reserve. It returns ErrHung when rendering one of them hangs.
func (l *loop) runBatch(ctx context.Context, leases []queue.Lease) error {
	b := &batch{Worker: l.Worker}
	for _, lease := range leases {
		r, start := newJobRun(ctx, l.Worker, lease)
		b.runs, b.starts = append(b.runs, r), append(b.starts, start)
	}
	l.setRuns(b.runs)
	defer l.setRuns(nil)
	heartbeatCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	var heartbeats sync.WaitGroup
	heartbeats.Go(func() { b.heartbeatLoop(heartbeatCtx) })
	err := b.run(ctx)
	stop()
	heartbeats.Wait()
	return err
}

func (l *loop) setRuns(runs []*jobRun) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs = runs
}

// run runs the jobs, each after the one before, or all together. When one hangs, those that still wait are released.
func (b *batch) run(stop context.Context) error {
	errs := make([]error, len(b.runs))
	previous := make(chan struct{})
	close(previous)
	renderer, together := b.Renderer.(BatchRenderer)
	if together = together && len(b.runs) > 1; together {
		b.begin(renderer)
	}
	var wg sync.WaitGroup
	for i, r := range b.runs {
		myTurn := previous
		wg.Go(func() {
			if errs[i] = b.starts[i](stop, myTurn); errors.Is(errs[i], ErrHung) {
				b.cancelAll(ErrStopping)
			}
			r.leaveBatch()
			<-myTurn
			close(r.finished)
		})
		if !together {
			previous = r.finished
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}

// begin tells the renderer which jobs it renders together, and each run how many share the time.
func (b *batch) begin(g BatchRenderer) {
	jobs := make([]string, len(b.runs))
	for i, r := range b.runs {
		jobs[i] = r.job.ID
	}
	leave := g.BeginBatch(jobs)
	for _, r := range b.runs {
		r.batchSize = len(b.runs)
		r.leaveBatch = sync.OnceFunc(func() { leave(r.job.ID) })
	}
}

func (b *batch) cancelAll(cause error) {
	for _, r := range b.runs {
		r.cancelLease(cause)
	}
}

// heartbeatLoop sends heartbeats until ctx ends: the first at once, because a cancel may have come since the lease,
// then one each Options.Heartbeat. A heartbeat that was not answered, or found another epoch, is repeated soon; if none
// gets through, the lease timers end the leases.
func (b *batch) heartbeatLoop(ctx context.Context) {
	for ctx.Err() == nil {
		pause := jitter(b.Options.Heartbeat)
		if !b.heartbeat(ctx) {
			pause = b.Options.Heartbeat / 4
		}
		_ = backoff.Sleep(ctx, pause) // the loop ends with ctx
	}
}

// heartbeat returns whether the queue answered for every job of the batch.
func (b *batch) heartbeat(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, b.Options.Heartbeat)
	defer cancel()
	allAnswered := true
	for _, runs := range b.byEpoch() {
		sent := time.Now()
		held := make([]queue.HeldLease, len(runs))
		for i, r := range runs {
			held[i] = queue.HeldLease{ID: r.job.ID, Token: r.lease().Token, Percent: int(r.percent.Load())}
		}
		verdicts, err := b.Queue.Heartbeat(ctx, b.Options.Slot, held)
		if err != nil || len(verdicts) != len(runs) {
			allAnswered = false
			continue
		}
		for i, r := range runs {
			allAnswered = r.applyVerdict(ctx, verdicts[i], held[i].Token, sent) && allAnswered
		}
	}
	return allAnswered
}

// byEpoch groups the jobs that have not ended: one call to the queue is for one epoch.
func (b *batch) byEpoch() map[int64][]*jobRun {
	groups := map[int64][]*jobRun{}
	for _, r := range b.runs {
		if !r.ended.Load() {
			e := r.lease().Token.Epoch
			groups[e] = append(groups[e], r)
		}
	}
	return groups
}
