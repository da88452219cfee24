package queue

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestJobLifecycle(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.mustLease("w", "1-0")
		r.wantVerdict(OK)(r.heartbeat(l, 40))
		r.wantVerdict(OK)(r.heartbeat(l, 40))
		if s, err := r.Snapshot(r.ctx); err != nil || s.Jobs[0].Percent != 40 {
			r.Fatalf("snapshot %+v, %v; want 40 percent", s, err)
		}
		for range 2 { // each call may be repeated
			r.wantVerdict(OK)(r.Seal(r.ctx, l))
		}
		for range 2 {
			r.wantVerdict(OK)(r.Done(r.ctx, l, 900, Outcome{Message: "5", Delivered: "posted",
				Millis: map[string]int64{"denoise": 800}}))
		}
		r.wantVerdict(OK)(r.heartbeat(l, 100)) // a heartbeat that was under way
		r.wantEvents("leased 1-0", "progress 1-0", "sealed 1-0", "done 1-0")
		all := r.events()
		if o := all[3].Outcome; all[1].Percent != 40 || o == nil || o.Message != "5" || o.Millis["denoise"] != 800 {
			r.Errorf("events %+v, outcome %+v", all, o)
		}
	})
}

func TestAStaleLeaseChangesNothing(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		old := r.mustLease("w1", "1-0")
		r.expire(1)
		l := r.mustLease("w2", "1-0")
		r.wantVerdict(Stale)(r.heartbeat(old, 10))
		r.wantVerdict(Stale)(r.Seal(r.ctx, old))
		r.wantVerdict(Stale)(r.Done(r.ctx, old, 1, Outcome{}))
		r.wantVerdict(Stale)(r.Release(r.ctx, old))
		r.wantVerdict(Stale)(r.ConfirmCancel(r.ctx, old))
		r.mustFail(old, false, false)
		forged := l
		forged.Token.Fence += 7
		r.wantVerdict(Stale)(r.Seal(r.ctx, forged))
		r.finish(l)
		r.wantVerdict(Stale)(r.Done(r.ctx, old, 1, Outcome{}))
		r.wantEvents("leased 1-0", "crashed 1-0", "leased 1-0", "sealed 1-0", "done 1-0")
	})
}

func TestHeartbeatKeepsTheLease(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.mustLease("w", "1-0")
		for range 5 {
			r.clock.advance(20 * time.Second)
			r.wantVerdict(OK)(r.heartbeat(l, 0))
			r.mustReap(0)
		}
		r.clock.advance(40 * time.Second) // late, but nobody reaped it: the lease is kept
		r.wantVerdict(OK)(r.heartbeat(l, 0))
		r.mustReap(0)
		r.expire(1)
		r.wantVerdict(Stale)(r.heartbeat(l, 0))
	})
}

func TestReleaseAfterTheSealSetsMaybePosted(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.mustLease("w", "1-0")
		r.wantVerdict(OK)(r.Seal(r.ctx, l))
		r.wantVerdict(OK)(r.Release(r.ctx, l))
		if l = r.mustLease("w", "1-0"); !l.Job.MaybePosted || l.Attempt != 1 {
			r.Errorf("leased again %+v, want MaybePosted and attempt 1", l)
		}
	})
}

func TestHeartbeatOfSeveralJobs(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		j := job("x", "s", "u")
		j.BatchKey = "512"
		r.enqueueMany(3, j)
		l := r.reserve("w", Capacity{Lanes: Lanes("a"), MaxJobs: 3})
		r.mustCancel("x-1", CancelStopping)
		r.finish(l[2])
		held := []HeldLease{{ID: "x-0", Token: l[0].Token}, {ID: "x-1", Token: l[1].Token}, {ID: "none", Token: l[0].Token}}
		got, err := r.Heartbeat(r.ctx, "w", held)
		if want := []Verdict{OK, Cancelled, Stale}; err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			r.Errorf("verdicts %v, %v; want %v", got, err, want)
		}
	})
}

func TestEndedJobsAreForgotten(t *testing.T) {
	onEachBackend(t, Options{KeepEnded: time.Hour, MaxEnded: 3}, func(r *fixture) {
		for i := range 5 {
			r.enqueue(job(fmt.Sprintf("%d-0", i), "s", "u"))
			r.finish(r.mustLease("w", fmt.Sprintf("%d-0", i)))
			r.clock.advance(time.Second)
		}
		r.mustReap(0)
		if n := r.db.ZCard(r.ctx, r.opts.epochPrefix(1)+"ended").Val(); n != 3 {
			r.Errorf("%d ended jobs are remembered, want 3", n)
		}
		r.clock.advance(2 * time.Hour)
		r.mustReap(0)
		if keys := r.db.Keys(r.ctx, globQuote(r.opts.epochPrefix(1))+"*").Val(); len(keys) != 1 {
			r.Errorf("kept keys %v, want only the counters", keys)
		}
	})
}

func TestAnExpiredLeaseIsReapedOnce(t *testing.T) {
	onEachBackend(t, Options{MaxCrashes: 9}, func(r *fixture) {
		j := job("x", "s", "u")
		j.BatchKey = "512"
		r.enqueueMany(4, j)
		r.reserve("w", Capacity{Lanes: Lanes("a"), MaxJobs: 4})
		r.clock.advance(time.Minute)
		results := make(chan error)
		total := make(chan int, 4)
		for range 4 {
			go func() {
				n, err := r.Reap(r.ctx)
				total <- n
				results <- err
			}()
		}
		var errs error
		sum := 0
		for range 4 {
			errs = errors.Join(errs, <-results)
			sum += <-total
		}
		if errs != nil || sum != 4 {
			r.Errorf("%d jobs reaped, %v; want each once", sum, errs)
		}
		r.checkInvariants()
	})
}
