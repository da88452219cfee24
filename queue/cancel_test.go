package queue

import (
	"testing"
	"time"
)

func TestCancelWhileWaiting(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		r.cancels("1-0", Removed)
		r.cancels("1-0", Removed)
		r.cancels("2-0", Unknown)
		r.none()
		r.heard("cancelled 1-0")
		if e := r.events()[0]; e.Reason != "somebody" {
			r.Errorf("reason %q, want who cancelled", e.Reason)
		}
		if got, err := r.Enqueue(r.ctx, 1, job("1-0", "s", "u")); err != nil || !got.Duplicate {
			r.Errorf("enqueued after the cancel: %+v, %v", got, err)
		}
		r.none()
	})
}

func TestCancelWhileWaitingOutADelay(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		r.fails(r.take("w", "1-0"), true, false)
		r.cancels("1-0", Removed)
		r.clock.advance(time.Hour)
		r.reaps(0)
		r.none()
	})
}

func TestCancelWhilePainting(t *testing.T) {
	ends := map[string]func(*rig, Lease){
		"it stops":            func(r *rig, l Lease) { r.is(Cancelled)(r.Stopped(r.ctx, l)) },
		"it seals":            func(r *rig, l Lease) { r.is(Cancelled)(r.Seal(r.ctx, l)) },
		"it is done unsealed": func(r *rig, l Lease) { r.is(Cancelled)(r.Done(r.ctx, l, 1, Outcome{})) },
		"it gives back":       func(r *rig, l Lease) { r.is(Cancelled)(r.Release(r.ctx, l)) },
		"it fails":            func(r *rig, l Lease) { r.fails(l, true, false) },
		"it is lost":          func(r *rig, l Lease) { r.expire(1) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			each(t, Options{}, func(r *rig) {
				r.enqueue(job("1-0", "s", "u"))
				l := r.take("w", "1-0")
				r.cancels("1-0", Stopping)
				r.is(Cancelled)(r.beat(l, 0))
				end(r, l)
				r.none()
				r.heard("leased 1-0", "cancel 1-0", "cancelled 1-0")
				r.cancels("1-0", Removed)
				if name != "it is lost" {
					end(r, l) // repeated
				}
				r.is(Cancelled)(r.beat(l, 0))
			})
		})
	}
}

func TestCancelAfterTheSealComesTooLate(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.take("w", "1-0")
		r.is(OK)(r.Seal(r.ctx, l))
		r.cancels("1-0", Posting)
		r.is(OK)(r.beat(l, 0))
		r.is(OK)(r.Done(r.ctx, l, 1, Outcome{}))
		r.cancels("1-0", Unknown)
	})
}

func TestACancelledJobThatMayBePostedIsLookedAtFirst(t *testing.T) {
	ends := map[string]func(*rig, Lease) string{
		"found posted":           func(r *rig, l Lease) string { r.is(OK)(r.Done(r.ctx, l, 0, Outcome{})); return "done" },
		"not posted":             func(r *rig, l Lease) string { r.is(Cancelled)(r.Stopped(r.ctx, l)); return "cancelled" },
		"not posted, then seals": func(r *rig, l Lease) string { r.is(Cancelled)(r.Seal(r.ctx, l)); return "cancelled" },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			each(t, Options{}, func(r *rig) {
				j := job("1-0", "s", "u")
				j.Look = true
				r.enqueue(j)
				r.cancels("1-0", Stopping)
				l := r.take("w", "1-0")
				r.is(OK)(r.Release(r.ctx, l)) // nobody has looked yet
				r.take("w", "1-0")
				r.expire(1)
				l = r.take("w", "1-0")
				r.is(Cancelled)(r.beat(l, 0))
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
	each(t, Options{MaxErrors: 1}, func(r *rig) {
		j := job("1-0", "s", "u")
		j.Look = true
		r.enqueue(j)
		r.cancels("1-0", Stopping)
		r.fails(r.take("w", "1-0"), true, false)
		r.none()
		r.heard("cancel 1-0", "leased 1-0", "cancelled 1-0")
	})
}

func TestACancelThatComesFirstKeepsTheJobOut(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.cancels("1-0", Unknown)
		r.cancels("1-0", Unknown)
		for range 2 {
			got, err := r.Enqueue(r.ctx, 1, job("1-0", "s", "u"))
			if err != nil || !got.Cancelled || !got.Duplicate {
				r.Fatalf("enqueued after the cancel: %+v, %v; want it refused", got, err)
			}
			r.sound()
		}
		r.none()
		r.cancels("1-0", Removed)
		r.heard("cancelled 1-0", "cancelled 1-0")
		r.clock.advance(2 * time.Hour)
		r.reaps(0)
		r.enqueue(job("1-0", "s", "u")) // stones are not kept for ever
		r.take("w", "1-0")
	})
}

func TestACancelThatComesFirstLetsAPostedJobBeLookedAt(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.cancels("1-0", Unknown)
		j := job("1-0", "s", "u")
		j.Look = true
		got, err := r.Enqueue(r.ctx, 1, j)
		if err != nil || got.Cancelled || got.Duplicate {
			r.Fatalf("enqueued: %+v, %v; want it in line", got, err)
		}
		r.cancels("1-0", Stopping)
		l := r.take("w", "1-0")
		r.is(Cancelled)(r.beat(l, 0))
		r.is(Cancelled)(r.Stopped(r.ctx, l))
	})
}
