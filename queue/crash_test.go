package queue

import (
	"testing"
	"time"
)

func TestACrashInPaintingIsTriedOnceMore(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		r.take("w1", "1-0")
		r.expire(1)
		if l := r.take("w2", "1-0"); l.Attempt != 2 || l.Job.Look {
			r.Errorf("leased again %+v: want attempt 2 and no look: it was not sealed", l)
		}
		r.expire(1)
		r.none()
		r.heard("leased 1-0", "leased 1-0", "failed 1-0")
		if e := r.events()[2]; e.Reason != "the renderer was lost 2 times while painting" {
			r.Errorf("reason %q", e.Reason)
		}
	})
}

func TestACrashAfterTheSealIsLookedAt(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.take("w1", "1-0")
		r.is(OK)(r.Seal(r.ctx, l))
		r.expire(1)
		l = r.take("w2", "1-0")
		if !l.Job.Look {
			r.Error("leased again without Look")
		}
		r.is(OK)(r.Done(r.ctx, l, 0, Outcome{Delivered: "found"})) // found posted: no seal is needed
		r.heard("leased 1-0", "sealed 1-0", "leased 1-0", "done 1-0")
	})
}

func TestCrashesWhilePostingEndSomeTime(t *testing.T) {
	each(t, Options{MaxErrors: 3}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		for range 3 {
			l := r.take("w", "1-0")
			r.is(OK)(r.Seal(r.ctx, l))
			r.expire(1)
		}
		r.none()
		all := r.events()
		if e := all[len(all)-1]; e.Kind != Failed || e.Reason != "the renderer was lost 3 times while posting" {
			r.Errorf("last event %+v", e)
		}
	})
}

func TestAPostponedJobComesBackLaterAndLater(t *testing.T) {
	each(t, Options{MaxErrors: 2, Backoff: 4 * time.Second, MaxBackoff: 10 * time.Second}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "v"))
		for try, delay := range []time.Duration{4 * time.Second, 8 * time.Second, 10 * time.Second, 10 * time.Second} {
			l := r.take("w", "1-0")
			if l.Attempt != 1 || l.Job.Look != (try > 0) {
				r.Errorf("attempt %d with Look %v, want 1, and Look after the first", l.Attempt, l.Job.Look)
			}
			r.is(OK)(r.Seal(r.ctx, l))
			r.is(OK)(r.Postpone(r.ctx, l))
			r.is(OK)(r.Postpone(r.ctx, l)) // the answer was lost
			r.clock.advance(delay - time.Second)
			r.reaps(0)
			if try == 0 {
				r.finish(r.take("w", "2-0")) // it has its turn
			}
			r.none()
			r.clock.advance(time.Second)
			r.reaps(1)
		}
		r.finish(r.take("w", "1-0"))
	})
}

func TestFailWithRetry(t *testing.T) {
	each(t, Options{MaxErrors: 3, Backoff: 4 * time.Second}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		for try, delay := range []time.Duration{4 * time.Second, 8 * time.Second} {
			l := r.take("w", "1-0")
			if l.Attempt != try+1 {
				r.Errorf("attempt %d, want %d", l.Attempt, try+1)
			}
			r.fails(l, true, false)
			r.fails(l, true, false)
			r.clock.advance(delay - time.Second)
			r.reaps(0)
			r.none()
			r.clock.advance(time.Second)
			r.reaps(1)
		}
		l := r.take("w", "1-0")
		r.fails(l, true, true)
		r.fails(l, true, true)
		r.none()
		r.heard("leased 1-0", "leased 1-0", "leased 1-0", "failed 1-0")
	})
}

func TestFailForGood(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		r.fails(r.take("w", "1-0"), false, true)
		if e := r.events()[1]; e.Kind != Failed || e.Reason != "no luck" {
			r.Errorf("event %+v", e)
		}
	})
}

func TestFailAfterTheSealIsLookedAt(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.take("w", "1-0")
		r.is(OK)(r.Seal(r.ctx, l))
		r.fails(l, true, false)
		r.clock.advance(time.Minute)
		r.reaps(1)
		if l = r.take("w", "1-0"); !l.Job.Look {
			r.Error("leased again without Look")
		}
	})
}

func (r *rig) crashes(l Lease, wantFinal bool) {
	r.Helper()
	final, err := r.Crashed(r.ctx, l, "it hung")
	if err != nil || final != wantFinal {
		r.Fatalf("crashed: final %v, error %v; want %v", final, err, wantFinal)
	}
	r.sound()
}

func TestTwoReportedCrashesEndAJob(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.take("w", "1-0")
		r.crashes(l, false)
		r.crashes(l, false) // repeated
		r.expire(0)         // the lease is over: it is not counted twice
		l = r.take("v", "1-0")
		r.crashes(l, true)
		r.crashes(l, true)
		r.heard("leased 1-0", "leased 1-0", "failed 1-0")
		if all := r.events(); all[2].Reason != "it hung" {
			r.Errorf("reason %q, want what was reported", all[2].Reason)
		}
	})
}

func TestAReportedCrashAfterTheSealIsAnError(t *testing.T) {
	each(t, Options{MaxCrashes: 1, MaxErrors: 2}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.take("w", "1-0")
		r.is(OK)(r.Seal(r.ctx, l))
		r.crashes(l, false)
		r.clock.advance(time.Hour)
		r.reaps(1)
		if l = r.take("w", "1-0"); !l.Job.Look {
			r.Error("it may be posted, and is not looked at")
		}
		r.crashes(l, true)
	})
}
