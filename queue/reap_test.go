package queue

import (
	"testing"
	"time"
)

func (r *fixture) mustDie(slot string) {
	r.Helper()
	if err := r.RendererDied(r.ctx, slot); err != nil {
		r.Fatal(err)
	}
	r.checkInvariants()
}

func TestADeadRenderersJobIsLeasedAtOnce(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "v"))
		r.mustLease("w", "1-0")
		other := r.mustLease("v", "2-0")
		r.mustDie("w")
		r.mustDie("w") // it holds nothing any more
		r.mustLease("w", "1-0")
		r.mustDie("w")
		r.mustLeaseNone()
		r.wantVerdict(OK)(r.heartbeat(other, 10)) // the leases of others stay
		r.wantEvents("leased 1-0", "leased 2-0", "crashed 1-0", "leased 1-0", "crashed 1-0", "failed 1-0", "progress 2-0")
	})
}

// A renderer whose file was cut short dies again and again: its jobs have nothing to do with it.
func TestReleaseSlotBlamesNoJob(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "v"))
		release := func(slot string) {
			r.Helper()
			if err := r.ReleaseSlot(r.ctx, slot); err != nil {
				r.Fatal(err)
			}
			r.checkInvariants()
		}
		for range 3 {
			l := r.mustLease("w", "1-0")
			if l.Attempt != 1 || l.Job.MaybePosted {
				r.Errorf("attempt %d, maybe posted %v: want nothing counted", l.Attempt, l.Job.MaybePosted)
			}
			release("w")
			release("w") // it holds nothing any more
		}
		r.mustLease("w", "1-0")
		other := r.mustLease("v", "2-0")
		release("w")
		r.wantVerdict(OK)(r.heartbeat(other, 10)) // the leases of others stay
		l := r.mustLease("w", "1-0")
		r.wantVerdict(OK)(r.Seal(r.ctx, l))
		release("w")
		if l = r.mustLease("w", "1-0"); !l.Job.MaybePosted {
			r.Error("it was sealed, so it may be posted")
		}
		r.mustCancel("1-0", CancelStopping)
		release("w") // whoever gets it next checks its message
		if l = r.mustLease("w", "1-0"); !l.Cancelled {
			r.Error("its cancel is forgotten")
		}
	})
}

func TestReleaseSlotEndsCancelledJobs(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		r.mustLease("w", "1-0")
		r.mustCancel("1-0", CancelStopping)
		if err := r.ReleaseSlot(r.ctx, "w"); err != nil {
			r.Fatal(err)
		}
		r.mustLeaseNone()
		r.wantEvents("leased 1-0", "cancel 1-0", "cancelled 1-0")
	})
}

func TestCrashesAreCountedAcrossEpochs(t *testing.T) {
	wantCrashes := func(r *fixture, want ...int) {
		r.Helper()
		var got []int
		for _, e := range r.events() {
			if e.Kind == JobCrashed {
				got = append(got, e.Crashes)
			}
		}
		if len(got) != len(want) || len(got) > 0 && got[len(got)-1] != want[len(want)-1] {
			r.Errorf("crashes told: got %v, want %v", got, want)
		}
	}
	t.Run("a count from before is gone on with", func(t *testing.T) {
		onEachBackend(t, Options{}, func(r *fixture) {
			j := job("1-0", "s", "u")
			j.Crashes = 1
			r.enqueue(j)
			r.mustLease("w", "1-0")
			r.expire(1)
			r.mustLeaseNone()
			wantCrashes(r, 2)
		})
	})
	t.Run("a job that crashed too often does not come in", func(t *testing.T) {
		onEachBackend(t, Options{}, func(r *fixture) {
			j := job("1-0", "s", "u")
			j.Crashes = 2
			for range 2 { // also when it is asked again
				if got, err := r.Enqueue(r.ctx, r.epoch, j); err != nil || !got.Duplicate {
					r.Errorf("got %+v, %v, want it known", got, err)
				}
			}
			r.mustLeaseNone()
			r.wantEvents("failed 1-0", "failed 1-0")
		})
	})
	t.Run("a renderer that does not come back counts", func(t *testing.T) {
		onEachBackend(t, Options{ReclaimGrace: 10 * time.Second}, func(r *fixture) {
			r.nextEpoch()
			first, second := previouslyRunning("1-0"), previouslyRunning("2-0")
			second.Crashes = 1
			r.enqueue(first, second)
			r.clock.advance(11 * time.Second)
			r.mustReap(2)
			r.mustLease("w", "1-0")
			r.mustLeaseNone()
			r.wantEvents("crashed 1-0", "crashed 2-0", "failed 2-0", "leased 1-0")
			wantCrashes(r, 1, 2)
		})
	})
	t.Run("also when it is enqueued too late to be reclaimed", func(t *testing.T) {
		onEachBackend(t, Options{ReclaimGrace: 10 * time.Second}, func(r *fixture) {
			r.clock.advance(11 * time.Second)
			r.enqueue(previouslyRunning("1-0"))
			r.mustLease("w", "1-0")
			r.expire(1)
			r.mustLeaseNone()
			wantCrashes(r, 1, 2)
		})
	})
	t.Run("nobody comes back to a queue in memory that is new", func(t *testing.T) {
		q := Embedded(Options{})
		defer q.Close()
		r := &fixture{TB: t, Queue: q, ctx: t.Context(), epoch: 7}
		if err := q.BeginEpoch(r.ctx, r.epoch); err != nil {
			t.Fatal(err)
		}
		first, second := previouslyRunning("1-0"), previouslyRunning("2-0")
		second.Crashes = 1
		for _, j := range []Job{first, second} {
			if _, err := q.Enqueue(r.ctx, r.epoch, j); err != nil {
				t.Fatal(err)
			}
		}
		r.mustLease("w", "1-0")
		r.mustLeaseNone()
		wantCrashes(r, 1, 2)
	})
	t.Run("one that comes back does not", func(t *testing.T) {
		onEachBackend(t, Options{ReclaimGrace: 10 * time.Second}, func(r *fixture) {
			r.enqueue(job("1-0", "s", "u"))
			old := r.mustLease("w", "1-0")
			r.nextEpoch()
			r.enqueue(previouslyRunning("1-0"))
			l := r.mustReclaim("w", old, OK)
			r.mustFail(l, true, false)
			r.clock.advance(time.Minute)
			r.mustReap(1)
			wantCrashes(r)
		})
	})
}
