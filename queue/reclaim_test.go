package queue

import (
	"testing"
	"time"
)

// nextEpoch begins the next epoch, as after a loss of everything.
func (r *fixture) nextEpoch() {
	r.Helper()
	r.epoch++
	if err := r.BeginEpoch(r.ctx, r.epoch); err != nil {
		r.Fatal(err)
	}
}

// previouslyRunning is a job that a renderer had before the new epoch.
func previouslyRunning(id string) Job {
	j := job(id, "s", "u")
	j.WasRunning, j.MaybePosted = true, true
	return j
}

func (r *fixture) mustReclaim(slot string, l Lease, want Verdict) Lease {
	r.Helper()
	got, v, err := r.Reclaim(r.ctx, slot, l)
	if err != nil || v != want {
		r.Fatalf("reclaim: %q, error %v; want %q", v, err, want)
	}
	r.checkInvariants()
	return got
}

func TestReclaimAcrossAnEpoch(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		old := r.mustLease("w", "1-0")
		r.nextEpoch()
		r.mustReclaim("w", old, EpochChanged) // it has not come yet
		r.enqueue(previouslyRunning("1-0"))
		r.mustLeaseNone() // it waits for its renderer
		l := r.mustReclaim("w", old, OK)
		if l.Token.Epoch != 2 || l.Slot != "w" || l.Job.ID != "1-0" || !l.Job.MaybePosted || l.Attempt != 1 {
			r.Errorf("reclaimed %+v, want job 1-0 in epoch 2, MaybePosted", l)
		}
		if again := r.mustReclaim("w", old, OK); again.Token != l.Token {
			r.Errorf("reclaimed again: %v, want %v", again.Token, l.Token)
		}
		r.mustReclaim("v", old, Stale)
		r.wantVerdict(EpochChanged)(r.Seal(r.ctx, old))
		r.wantVerdict(OK)(r.heartbeat(l, 40))
		r.finish(l)
		r.mustReclaim("w", old, Stale)
		r.wantEvents("leased 1-0", "leased 1-0", "progress 1-0", "sealed 1-0", "done 1-0")
	})
}

func TestUnclaimedJobIsLeasedAfterTheGrace(t *testing.T) {
	onEachBackend(t, Options{ReclaimGrace: 10 * time.Second}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "u"))
		old := r.mustLease("w", "1-0")
		r.nextEpoch()
		r.enqueue(previouslyRunning("1-0"), job("2-0", "s", "u"))
		r.finish(r.mustLease("v", "2-0"))
		r.mustLeaseNone()
		r.clock.advance(11 * time.Second)
		r.mustReap(1)
		taken := r.mustLease("v", "1-0")
		r.mustReclaim("w", old, Stale) // too late
		r.wantVerdict(OK)(r.Release(r.ctx, taken))
		r.mustReclaim("w", old, Stale) // another renderer has had it
	})
}

func TestJobEnqueuedAfterTheGraceDoesNotWait(t *testing.T) {
	onEachBackend(t, Options{ReclaimGrace: 10 * time.Second}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "u"))
		one, two := r.mustLease("w", "1-0"), r.mustLease("v", "2-0")
		r.nextEpoch()
		r.clock.advance(11 * time.Second)
		r.enqueue(previouslyRunning("1-0"))
		r.mustReclaim("w", one, OK) // it waits, and nobody has leased it
		r.mustReclaim("v", two, Stale)
		r.mustLeaseNone()
	})
}

func TestCancelOfAnUnclaimedJob(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "u"), job("3-0", "s", "u"))
		one, two, three := r.mustLease("w", "1-0"), r.mustLease("v", "2-0"), r.mustLease("x", "3-0")
		r.nextEpoch()
		plain := previouslyRunning("1-0")
		plain.MaybePosted = false
		r.enqueue(plain, previouslyRunning("2-0"))
		r.mustCancel("1-0", CancelUnclaimed)
		r.mustCancel("2-0", CancelUnclaimed)
		r.mustCancel("3-0", CancelUnknown) // it leaves a tombstone
		r.mustReclaim("x", three, Cancelled)
		l := r.mustReclaim("w", one, OK)
		r.mustCancel("1-0", CancelStopping)
		r.wantVerdict(Cancelled)(r.heartbeat(l, 0))
		l = r.mustReclaim("v", two, OK)
		r.mustCancel("2-0", CancelStopping)
		r.wantVerdict(OK)(r.Done(r.ctx, l, 5, Outcome{Delivered: "found"}))
	})
}

// A job whose images were delivered while it waits for its renderer of the epoch before is never rendered again.
func TestRemoveEndedMarksAnUnclaimedJob(t *testing.T) {
	onEachBackend(t, Options{ReclaimGrace: 10 * time.Second}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "u"))
		one, two := r.mustLease("w", "1-0"), r.mustLease("v", "2-0")
		r.nextEpoch()
		r.enqueue(previouslyRunning("1-0"), previouslyRunning("2-0"))
		for _, id := range []string{"1-0", "2-0", "1-0"} {
			if got, err := r.RemoveEnded(r.ctx, id); err != nil || got != CancelStopping {
				r.Fatalf("remove ended job %s: %q, error %v; want %q", id, got, err, CancelStopping)
			}
			r.checkInvariants()
		}
		l := r.mustReclaim("v", two, OK)
		r.wantVerdict(Cancelled)(r.heartbeat(l, 0))
		r.wantVerdict(Cancelled)(r.ConfirmCancel(r.ctx, l))

		r.clock.advance(11 * time.Second)
		r.mustReap(1)
		l = r.mustLease("x", "1-0")
		if !l.Cancelled || !l.Job.MaybePosted {
			r.Errorf("leased %+v, want it cancelled, and its message to be checked", l)
		}
		r.wantVerdict(Cancelled)(r.ConfirmCancel(r.ctx, l))
		r.mustReclaim("w", one, Cancelled)
		r.mustLeaseNone()
	})
}

func TestReclaimNeedsAnEarlierLease(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.mustLease("w", "1-0")
		r.mustReclaim("w", l, Stale)
		l.Token.Epoch = 9
		r.mustReclaim("w", l, EpochChanged)
	})
}

func TestReclaimKeepsTheSeal(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "u"))
		one, two := r.mustLease("w", "1-0"), r.mustLease("v", "2-0")
		for _, l := range []*Lease{&one, &two} {
			r.wantVerdict(OK)(r.Seal(r.ctx, *l))
			l.Sealed = true
		}
		r.nextEpoch()
		r.mustCancel("2-0", CancelUnknown)    // before it comes
		r.mustReclaim("v", two, EpochChanged) // it is being posted: only its lease decides
		r.enqueue(previouslyRunning("1-0"), previouslyRunning("2-0"))
		r.mustCancel("1-0", CancelUnclaimed) // its earlier renderer may be posting it
		r.mustReclaim("w", one, OK)
		l := r.mustReclaim("w", one, OK)
		r.mustCancel("1-0", CancelPosting)
		r.wantVerdict(OK)(r.Done(r.ctx, l, 5, Outcome{Delivered: "posted"}))

		l = r.mustReclaim("v", two, Cancelled)
		if again := r.mustReclaim("v", two, Cancelled); again.Token != l.Token || l.Token.Epoch != 2 {
			r.Errorf("reclaimed as %v, then as %v; want one lease of epoch 2", l.Token, again.Token)
		}
		r.wantVerdict(OK)(r.Release(r.ctx, l))
		l = r.mustLease("x", "2-0")
		if !l.Job.MaybePosted {
			r.Error("the next lease is not MaybePosted")
		}
		r.wantVerdict(Cancelled)(r.ConfirmCancel(r.ctx, l))
	})
}

func TestFirstEpochOfAnEmbeddedQueueWaitsForNoRenderer(t *testing.T) {
	t.Parallel()
	r := newFixture(t, Options{}, backends["embedded"])
	r.enqueue(previouslyRunning("1-0"))
	r.mustLease("w", "1-0")
	r.nextEpoch()
	r.enqueue(previouslyRunning("1-0"))
	r.mustLeaseNone() // this process may have it
}

func TestFirstEpochOfAServerWaitsForTheRenderer(t *testing.T) {
	t.Parallel()
	r := newFixture(t, Options{}, backends["redis"])
	r.enqueue(previouslyRunning("1-0"))
	r.mustLeaseNone()
}
