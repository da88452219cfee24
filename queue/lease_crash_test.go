package queue

import (
	"testing"
	"time"
)

func TestCrashWhileRenderingIsRetriedOnce(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		r.mustLease("w1", "1-0")
		r.expire(1)
		if l := r.mustLease("w2", "1-0"); l.Attempt != 2 || l.Job.MaybePosted {
			r.Errorf("leased again %+v: want attempt 2 and not MaybePosted: it was not sealed", l)
		}
		r.expire(1)
		r.mustLeaseNone()
		r.wantEvents("leased 1-0", "crashed 1-0", "leased 1-0", "crashed 1-0", "failed 1-0")
		if e := r.events()[4]; e.Reason != "the renderer crashed 2 times while generating" {
			r.Errorf("reason %q", e.Reason)
		}
	})
}

func TestCrashAfterTheSealSetsMaybePosted(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.mustLease("w1", "1-0")
		r.wantVerdict(OK)(r.Seal(r.ctx, l))
		r.expire(1)
		l = r.mustLease("w2", "1-0")
		if !l.Job.MaybePosted {
			r.Error("leased again without MaybePosted")
		}
		r.wantVerdict(OK)(r.Done(r.ctx, l, 0, Outcome{Delivered: "found"})) // found posted: no seal is needed
		r.wantEvents("leased 1-0", "sealed 1-0", "leased 1-0", "done 1-0")
	})
}

func TestCrashesWhilePostingAreLimited(t *testing.T) {
	onEachBackend(t, Options{MaxErrors: 3}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		for range 3 {
			l := r.mustLease("w", "1-0")
			r.wantVerdict(OK)(r.Seal(r.ctx, l))
			r.expire(1)
		}
		r.mustLeaseNone()
		all := r.events()
		if e := all[len(all)-1]; e.Kind != JobFailed || e.Reason != "the renderer crashed 3 times while posting" {
			r.Errorf("last event %+v", e)
		}
	})
}

func TestPostponeBacksOff(t *testing.T) {
	onEachBackend(t, Options{MaxErrors: 2, Backoff: 4 * time.Second, MaxBackoff: 10 * time.Second}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "v"))
		for try, delay := range []time.Duration{4 * time.Second, 8 * time.Second, 10 * time.Second, 10 * time.Second} {
			l := r.mustLease("w", "1-0")
			if l.Attempt != 1 || l.Job.MaybePosted != (try > 0) {
				r.Errorf("attempt %d with MaybePosted %v, want 1, and MaybePosted after the first", l.Attempt, l.Job.MaybePosted)
			}
			r.wantVerdict(OK)(r.Seal(r.ctx, l))
			r.wantVerdict(OK)(r.Postpone(r.ctx, l))
			r.wantVerdict(OK)(r.Postpone(r.ctx, l)) // the answer was lost
			r.clock.advance(delay - time.Second)
			r.mustReap(0)
			if try == 0 {
				r.finish(r.mustLease("w", "2-0")) // it is served
			}
			r.mustLeaseNone()
			r.clock.advance(time.Second)
			r.mustReap(1)
		}
		r.finish(r.mustLease("w", "1-0"))
	})
}

func TestFailWithRetry(t *testing.T) {
	onEachBackend(t, Options{MaxErrors: 3, Backoff: 4 * time.Second}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		for try, delay := range []time.Duration{4 * time.Second, 8 * time.Second} {
			l := r.mustLease("w", "1-0")
			if l.Attempt != try+1 {
				r.Errorf("attempt %d, want %d", l.Attempt, try+1)
			}
			r.mustFail(l, true, false)
			r.mustFail(l, true, false)
			r.clock.advance(delay - time.Second)
			r.mustReap(0)
			r.mustLeaseNone()
			r.clock.advance(time.Second)
			r.mustReap(1)
		}
		l := r.mustLease("w", "1-0")
		r.mustFail(l, true, true)
		r.mustFail(l, true, true)
		r.mustLeaseNone()
		r.wantEvents("leased 1-0", "leased 1-0", "leased 1-0", "failed 1-0")
	})
}

func TestFailForGood(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		r.mustFail(r.mustLease("w", "1-0"), false, true)
		if e := r.events()[1]; e.Kind != JobFailed || e.Reason != "no luck" {
			r.Errorf("event %+v", e)
		}
	})
}

func TestFailAfterTheSealSetsMaybePosted(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.mustLease("w", "1-0")
		r.wantVerdict(OK)(r.Seal(r.ctx, l))
		r.mustFail(l, true, false)
		r.clock.advance(time.Minute)
		r.mustReap(1)
		if l = r.mustLease("w", "1-0"); !l.Job.MaybePosted {
			r.Error("leased again without MaybePosted")
		}
	})
}

func (r *fixture) mustCrash(l Lease, wantFinal bool) {
	r.Helper()
	final, err := r.Crashed(r.ctx, l, "it hung")
	if err != nil || final != wantFinal {
		r.Fatalf("crashed: final %v, error %v; want %v", final, err, wantFinal)
	}
	r.checkInvariants()
}

func TestTwoReportedCrashesEndAJob(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.mustLease("w", "1-0")
		r.mustCrash(l, false)
		r.mustCrash(l, false) // repeated
		r.expire(0)           // the lease has ended: it is not counted twice
		l = r.mustLease("v", "1-0")
		r.mustCrash(l, true)
		r.mustCrash(l, true)
		r.wantEvents("leased 1-0", "crashed 1-0", "leased 1-0", "crashed 1-0", "failed 1-0")
		if all := r.events(); all[4].Reason != "it hung" {
			r.Errorf("reason %q, want what was reported", all[4].Reason)
		}
	})
}

func TestAReportedCrashAfterTheSealIsAnError(t *testing.T) {
	onEachBackend(t, Options{MaxCrashes: 1, MaxErrors: 2}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.mustLease("w", "1-0")
		r.wantVerdict(OK)(r.Seal(r.ctx, l))
		r.mustCrash(l, false)
		r.clock.advance(time.Hour)
		r.mustReap(1)
		if l = r.mustLease("w", "1-0"); !l.Job.MaybePosted {
			r.Error("it may be posted, and is not checked")
		}
		r.mustCrash(l, true)
	})
}
