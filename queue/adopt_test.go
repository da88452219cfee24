package queue

import (
	"testing"
	"time"
)

// afresh begins the next epoch, as after a loss of everything.
func (r *rig) afresh() {
	r.Helper()
	r.epoch++
	if err := r.Begin(r.ctx, r.epoch); err != nil {
		r.Fatal(err)
	}
}

// owed is a job that a renderer had when the queue was emptied.
func owed(id string) Job {
	j := job(id, "s", "u")
	j.Held, j.Look = true, true
	return j
}

func (r *rig) adopts(slot string, l Lease, want Verdict) Lease {
	r.Helper()
	got, v, err := r.Adopt(r.ctx, slot, l)
	if err != nil || v != want {
		r.Fatalf("adopt: %q, error %v; want %q", v, err, want)
	}
	r.sound()
	return got
}

func TestARendererKeepsItsJobAcrossAnEpoch(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		old := r.take("w", "1-0")
		r.afresh()
		r.adopts("w", old, Epoch) // it has not come yet
		r.enqueue(owed("1-0"))
		r.none() // it waits for its renderer
		l := r.adopts("w", old, OK)
		if l.Token.Epoch != 2 || l.Slot != "w" || l.Job.ID != "1-0" || !l.Job.Look || l.Attempt != 1 {
			r.Errorf("adopted %+v, want job 1-0 in epoch 2, to be looked at", l)
		}
		if again := r.adopts("w", old, OK); again.Token != l.Token {
			r.Errorf("adopted again: %v, want %v", again.Token, l.Token)
		}
		r.adopts("v", old, Stale)
		r.is(Epoch)(r.Seal(r.ctx, old))
		r.is(OK)(r.beat(l, 40))
		r.finish(l)
		r.adopts("w", old, Stale)
		r.heard("leased 1-0", "leased 1-0", "progress 1-0", "sealed 1-0", "done 1-0")
	})
}

func TestAJobWhoseRendererDoesNotComeBackGoesOn(t *testing.T) {
	each(t, Options{Grace: 10 * time.Second}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "u"))
		old := r.take("w", "1-0")
		r.afresh()
		r.enqueue(owed("1-0"), job("2-0", "s", "u"))
		r.finish(r.take("v", "2-0"))
		r.none()
		r.clock.advance(11 * time.Second)
		r.reaps(1)
		taken := r.take("v", "1-0")
		r.adopts("w", old, Stale) // too late
		r.is(OK)(r.Release(r.ctx, taken))
		r.adopts("w", old, Stale) // another has had it
	})
}

func TestAJobThatComesAfterTheGraceWaitsForNobody(t *testing.T) {
	each(t, Options{Grace: 10 * time.Second}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "u"))
		one, two := r.take("w", "1-0"), r.take("v", "2-0")
		r.afresh()
		r.clock.advance(11 * time.Second)
		r.enqueue(owed("1-0"))
		r.adopts("w", one, OK) // in line, and nobody has taken it
		r.adopts("v", two, Stale)
		r.none()
	})
}

func TestAJobThatIsKeptForItsHolderCannotBeCancelledYet(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "u"), job("3-0", "s", "u"))
		one, two, three := r.take("w", "1-0"), r.take("v", "2-0"), r.take("x", "3-0")
		r.afresh()
		plain := owed("1-0")
		plain.Look = false
		r.enqueue(plain, owed("2-0"))
		r.cancels("1-0", Away)
		r.cancels("2-0", Away)
		r.cancels("3-0", Unknown) // it leaves a stone
		r.adopts("x", three, Cancelled)
		l := r.adopts("w", one, OK)
		r.cancels("1-0", Stopping)
		r.is(Cancelled)(r.beat(l, 0))
		l = r.adopts("v", two, OK)
		r.cancels("2-0", Stopping)
		r.is(OK)(r.Done(r.ctx, l, 5, Outcome{Delivered: "found"}))
	})
}

func TestOnlyAnEarlierLeaseIsAdopted(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.take("w", "1-0")
		r.adopts("w", l, Stale)
		l.Token.Epoch = 9
		r.adopts("w", l, Epoch)
	})
}

func TestWhatWasSealedStaysSealedAcrossAnEpoch(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "u"))
		one, two := r.take("w", "1-0"), r.take("v", "2-0")
		for _, l := range []*Lease{&one, &two} {
			r.is(OK)(r.Seal(r.ctx, *l))
			l.Sealed = true
		}
		r.afresh()
		r.cancels("2-0", Unknown) // before it comes
		r.adopts("v", two, Epoch) // it is being posted: only its lease tells what to do
		r.enqueue(owed("1-0"), owed("2-0"))
		r.cancels("1-0", Away) // who had it may be posting it
		r.adopts("w", one, OK)
		l := r.adopts("w", one, OK)
		r.cancels("1-0", Posting)
		r.is(OK)(r.Done(r.ctx, l, 5, Outcome{Delivered: "posted"}))

		l = r.adopts("v", two, Cancelled)
		if again := r.adopts("v", two, Cancelled); again.Token != l.Token || l.Token.Epoch != 2 {
			r.Errorf("adopted as %v, then as %v; want one lease of epoch 2", l.Token, again.Token)
		}
		r.is(OK)(r.Release(r.ctx, l))
		l = r.take("x", "2-0")
		if !l.Job.Look {
			r.Error("the next holder does not look")
		}
		r.is(Cancelled)(r.Stopped(r.ctx, l))
	})
}

func TestTheFirstEpochOfAnEmbeddedLineKeepsNoJobForARendererThatIsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{}, backends["embedded"])
	r.enqueue(owed("1-0"))
	r.take("w", "1-0")
	r.afresh()
	r.enqueue(owed("1-0"))
	r.none() // this process may hold it
}

func TestTheFirstEpochOfAServerKeepsAJobForItsRenderer(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{}, backends["redis"])
	r.enqueue(owed("1-0"))
	r.none()
}
