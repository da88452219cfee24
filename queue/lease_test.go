package queue

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestAJobsDay(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.take("w", "1-0")
		r.is(OK)(r.beat(l, 40))
		r.is(OK)(r.beat(l, 40))
		if s, err := r.Snapshot(r.ctx); err != nil || s.Jobs[0].Percent != 40 {
			r.Fatalf("snapshot %+v, %v; want 40 percent", s, err)
		}
		for range 2 { // each call may be repeated
			r.is(OK)(r.Seal(r.ctx, l))
		}
		for range 2 {
			r.is(OK)(r.Done(r.ctx, l, 900, Outcome{Message: "5", Delivered: "posted", Millis: map[string]int64{"denoise": 800}}))
		}
		r.is(OK)(r.beat(l, 100)) // a beat that was under way
		r.heard("leased 1-0", "progress 1-0", "sealed 1-0", "done 1-0")
		all := r.events()
		if o := all[3].Outcome; all[1].Percent != 40 || o == nil || o.Message != "5" || o.Millis["denoise"] != 800 {
			r.Errorf("events %+v, outcome %+v", all, o)
		}
	})
}

func TestAStaleLeaseChangesNothing(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		old := r.take("w1", "1-0")
		r.expire(1)
		l := r.take("w2", "1-0")
		r.is(Stale)(r.beat(old, 10))
		r.is(Stale)(r.Seal(r.ctx, old))
		r.is(Stale)(r.Done(r.ctx, old, 1, Outcome{}))
		r.is(Stale)(r.Release(r.ctx, old))
		r.is(Stale)(r.Stopped(r.ctx, old))
		r.fails(old, false, false)
		forged := l
		forged.Token.Fence += 7
		r.is(Stale)(r.Seal(r.ctx, forged))
		r.finish(l)
		r.is(Stale)(r.Done(r.ctx, old, 1, Outcome{}))
		r.heard("leased 1-0", "leased 1-0", "sealed 1-0", "done 1-0")
	})
}

func TestABeatKeepsTheLease(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.take("w", "1-0")
		for range 5 {
			r.clock.advance(20 * time.Second)
			r.is(OK)(r.beat(l, 0))
			r.reaps(0)
		}
		r.clock.advance(40 * time.Second) // late, but nobody reaped it: it is still ours
		r.is(OK)(r.beat(l, 0))
		r.reaps(0)
		r.expire(1)
		r.is(Stale)(r.beat(l, 0))
	})
}

func TestReleaseAfterTheSealIsLookedAt(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.take("w", "1-0")
		r.is(OK)(r.Seal(r.ctx, l))
		r.is(OK)(r.Release(r.ctx, l))
		if l = r.take("w", "1-0"); !l.Job.Look || l.Attempt != 1 {
			r.Errorf("leased again %+v, want Look and attempt 1", l)
		}
	})
}

func TestABeatOfSeveralJobs(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		j := job("x", "s", "u")
		j.Batch = "512"
		r.many(3, j)
		l := r.reserve("w", Offer{Lanes: Lanes("a"), Max: 3})
		r.cancels("x-1", Stopping)
		r.finish(l[2])
		held := []Held{{ID: "x-0", Token: l[0].Token}, {ID: "x-1", Token: l[1].Token}, {ID: "none", Token: l[0].Token}}
		got, err := r.Beat(r.ctx, "w", held)
		if want := []Verdict{OK, Cancelled, Stale}; err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			r.Errorf("verdicts %v, %v; want %v", got, err, want)
		}
	})
}

func TestEndedJobsAreForgotten(t *testing.T) {
	each(t, Options{KeepEnded: time.Hour, MaxEnded: 3}, func(r *rig) {
		for i := range 5 {
			r.enqueue(job(fmt.Sprintf("%d-0", i), "s", "u"))
			r.finish(r.take("w", fmt.Sprintf("%d-0", i)))
			r.clock.advance(time.Second)
		}
		r.reaps(0)
		if n := r.db.ZCard(r.ctx, r.opts.epochPrefix(1)+"ended").Val(); n != 3 {
			r.Errorf("%d ended jobs are remembered, want 3", n)
		}
		r.clock.advance(2 * time.Hour)
		r.reaps(0)
		if keys := r.db.Keys(r.ctx, globQuote(r.opts.epochPrefix(1))+"*").Val(); len(keys) != 1 {
			r.Errorf("kept keys %v, want the line's counters alone", keys)
		}
	})
}

func TestAnExpiredLeaseIsReapedOnce(t *testing.T) {
	each(t, Options{MaxCrashes: 9}, func(r *rig) {
		j := job("x", "s", "u")
		j.Batch = "512"
		r.many(4, j)
		r.reserve("w", Offer{Lanes: Lanes("a"), Max: 4})
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
		r.sound()
	})
}
