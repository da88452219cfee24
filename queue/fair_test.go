package queue

import "testing"

// serve leases and finishes n jobs and returns who got them.
func (r *rig) serve(n int, of func(Job) string) (order []string) {
	r.Helper()
	for range n {
		l, ok := r.lease("w")
		if !ok {
			r.Fatalf("no job after %v", order)
		}
		order = append(order, of(l.Job))
		r.finish(l)
	}
	return order
}

func byUser(j Job) string   { return j.User }
func byServer(j Job) string { return j.Server }

// Both levels share by the same rule, so each case is played with two users of a server and with two servers.
func levels(t *testing.T, o Options, test func(r *rig, old, late Job, who func(Job) string)) {
	t.Run("users", func(t *testing.T) {
		each(t, o, func(r *rig) { test(r, job("old", "s", "old"), job("late", "s", "late"), byUser) })
	})
	t.Run("servers", func(t *testing.T) {
		each(t, o, func(r *rig) { test(r, job("old", "old", "u"), job("late", "late", "u"), byServer) })
	})
}

func TestWhoComesLaterStartsWhereTheOthersAre(t *testing.T) {
	levels(t, Options{}, func(r *rig, old, late Job, who func(Job) string) {
		r.many(12, old)
		r.serve(6, who)
		r.many(8, late)
		got := r.serve(6, who)
		if n := count(got, "late"); n < 3 || n > 4 {
			r.Errorf("order %v: want turns, not a catching up", got)
		}
	})
}

func TestWhoLeavesAndComesBackHasNotPaidForNothing(t *testing.T) {
	levels(t, Options{}, func(r *rig, old, late Job, who func(Job) string) {
		old.Cost = 4000
		r.many(1, old)
		r.many(8, late)
		if got := r.serve(3, who); count(got, "old") != 1 {
			r.Fatalf("order %v: want old once", got)
		}
		old.ID = "again"
		r.many(1, old)
		if got := r.serve(2, who); count(got, "old") > 0 {
			r.Errorf("order %v: old was served before the others had as much", got)
		}
	})
}

func TestWhoWasParkedCatchesUpByAMinuteAtMost(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		limited, free := job("limited", "s", "limited"), job("free", "s", "free")
		limited.MaxRunning, limited.Cost, free.Cost = 1, 30_000, 30_000
		r.many(12, limited)
		r.many(24, free)
		var held Lease
		for held.Job.User != "limited" {
			if held.Job.ID != "" {
				r.finish(held)
			}
			held, _ = r.lease("w")
		}
		if got := r.serve(12, byUser); count(got, "limited") > 0 {
			r.Fatalf("order %v: a parked user was served", got)
		}
		r.finish(held)
		got := r.serve(8, byUser)
		if n := count(got, "free"); n < 2 {
			r.Errorf("order %v: want two or three at once, then turns", got)
		}
	})
}

func count(all []string, name string) (n int) {
	for _, s := range all {
		if s == name {
			n++
		}
	}
	return n
}
