package queue

import (
	"testing"
	"time"
)

func TestCancelWhileWaiting(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		r.mustCancel("1-0", CancelRemoved)
		r.mustCancel("1-0", CancelRemoved)
		r.mustCancel("2-0", CancelUnknown)
		r.mustLeaseNone()
		r.wantEvents("cancelled 1-0")
		if e := r.events()[0]; e.Reason != "somebody" {
			r.Errorf("reason %q, want who cancelled", e.Reason)
		}
		if got, err := r.Enqueue(r.ctx, 1, job("1-0", "s", "u")); err != nil || !got.Duplicate {
			r.Errorf("enqueued after the cancel: %+v, %v", got, err)
		}
		r.mustLeaseNone()
	})
}

func TestCancelWhileWaitingOutADelay(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		r.mustFail(r.mustLease("w", "1-0"), true, false)
		r.mustCancel("1-0", CancelRemoved)
		r.clock.advance(time.Hour)
		r.mustReap(0)
		r.mustLeaseNone()
	})
}

func TestCancelWhileRendering(t *testing.T) {
	ends := map[string]func(*fixture, Lease){
		"it stops":            func(r *fixture, l Lease) { r.wantVerdict(Cancelled)(r.ConfirmCancel(r.ctx, l)) },
		"it seals":            func(r *fixture, l Lease) { r.wantVerdict(Cancelled)(r.Seal(r.ctx, l)) },
		"it is done unsealed": func(r *fixture, l Lease) { r.wantVerdict(Cancelled)(r.Done(r.ctx, l, 1, Outcome{})) },
		"it gives back":       func(r *fixture, l Lease) { r.wantVerdict(Cancelled)(r.Release(r.ctx, l)) },
		"it fails":            func(r *fixture, l Lease) { r.mustFail(l, true, false) },
		"it is lost":          func(r *fixture, l Lease) { r.expire(1) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			onEachBackend(t, Options{}, func(r *fixture) {
				r.enqueue(job("1-0", "s", "u"))
				l := r.mustLease("w", "1-0")
				r.mustCancel("1-0", CancelStopping)
				r.wantVerdict(Cancelled)(r.heartbeat(l, 0))
				end(r, l)
				r.mustLeaseNone()
				r.wantEvents("leased 1-0", "cancel 1-0", "cancelled 1-0")
				r.mustCancel("1-0", CancelRemoved)
				if name != "it is lost" {
					end(r, l) // repeated
				}
				r.wantVerdict(Cancelled)(r.heartbeat(l, 0))
			})
		})
	}
}

func TestCancelAfterTheSealComesTooLate(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.mustLease("w", "1-0")
		r.wantVerdict(OK)(r.Seal(r.ctx, l))
		r.mustCancel("1-0", CancelPosting)
		r.wantVerdict(OK)(r.heartbeat(l, 0))
		r.wantVerdict(OK)(r.Done(r.ctx, l, 1, Outcome{}))
		r.mustCancel("1-0", CancelUnknown)
	})
}

func TestCancelledJobThatMayBePostedIsLeased(t *testing.T) {
	ends := map[string]func(*fixture, Lease) string{
		"found posted": func(r *fixture, l Lease) string { r.wantVerdict(OK)(r.Done(r.ctx, l, 0, Outcome{})); return "done" },
		"not posted": func(r *fixture, l Lease) string {
			r.wantVerdict(Cancelled)(r.ConfirmCancel(r.ctx, l))
			return "cancelled"
		},
		"not posted, then seals": func(r *fixture, l Lease) string {
			r.wantVerdict(Cancelled)(r.Seal(r.ctx, l))
			return "cancelled"
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			onEachBackend(t, Options{}, func(r *fixture) {
				j := job("1-0", "s", "u")
				j.MaybePosted = true
				r.enqueue(j)
				r.mustCancel("1-0", CancelStopping)
				l := r.mustLease("w", "1-0")
				r.wantVerdict(OK)(r.Release(r.ctx, l)) // nobody has checked yet
				r.mustLease("w", "1-0")
				r.expire(1)
				l = r.mustLease("w", "1-0")
				r.wantVerdict(Cancelled)(r.heartbeat(l, 0))
				kind := end(r, l)
				all := r.events()
				if got := all[len(all)-1]; string(got.Kind) != kind {
					r.Errorf("ended as %q, want %q", got.Kind, kind)
				}
			})
		})
	}
}

func TestACancelledJobThatKeepsFailingEndsCancelled(t *testing.T) {
	onEachBackend(t, Options{MaxErrors: 1}, func(r *fixture) {
		j := job("1-0", "s", "u")
		j.MaybePosted = true
		r.enqueue(j)
		r.mustCancel("1-0", CancelStopping)
		r.mustFail(r.mustLease("w", "1-0"), true, false)
		r.mustLeaseNone()
		r.wantEvents("cancel 1-0", "leased 1-0", "cancelled 1-0")
	})
}

func TestCancelBeforeEnqueueKeepsTheJobOut(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.mustCancel("1-0", CancelUnknown)
		r.mustCancel("1-0", CancelUnknown)
		for range 2 {
			got, err := r.Enqueue(r.ctx, 1, job("1-0", "s", "u"))
			if err != nil || !got.Cancelled || !got.Duplicate {
				r.Fatalf("enqueued after the cancel: %+v, %v; want it refused", got, err)
			}
			r.checkInvariants()
		}
		r.mustLeaseNone()
		r.mustCancel("1-0", CancelRemoved)
		r.wantEvents("cancelled 1-0", "cancelled 1-0")
		r.clock.advance(2 * time.Hour)
		r.mustReap(0)
		r.enqueue(job("1-0", "s", "u")) // tombstones are not kept forever
		r.mustLease("w", "1-0")
	})
}

func TestCancelBeforeEnqueueOfAJobThatMayBePosted(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.mustCancel("1-0", CancelUnknown)
		j := job("1-0", "s", "u")
		j.MaybePosted = true
		got, err := r.Enqueue(r.ctx, 1, j)
		if err != nil || got.Cancelled || got.Duplicate {
			r.Fatalf("enqueued: %+v, %v; want it in the queue", got, err)
		}
		r.mustCancel("1-0", CancelStopping)
		l := r.mustLease("w", "1-0")
		r.wantVerdict(Cancelled)(r.heartbeat(l, 0))
		r.wantVerdict(Cancelled)(r.ConfirmCancel(r.ctx, l))
	})
}
