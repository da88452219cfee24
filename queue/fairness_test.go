package queue

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// leaseAndFinish leases and finishes n jobs and returns whose they were.
func (r *fixture) leaseAndFinish(n int, of func(Job) string) (order []string) {
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

// Both levels share by the same rule, so each case runs with two users of a server and with two servers.
func levels(t *testing.T, o Options, test func(r *fixture, old, late Job, who func(Job) string)) {
	t.Run("users", func(t *testing.T) {
		onEachBackend(t, o, func(r *fixture) { test(r, job("old", "s", "old"), job("late", "s", "late"), byUser) })
	})
	t.Run("servers", func(t *testing.T) {
		onEachBackend(t, o, func(r *fixture) { test(r, job("old", "old", "u"), job("late", "late", "u"), byServer) })
	})
}

func TestNewcomerStartsAtTheVirtualTime(t *testing.T) {
	levels(t, Options{}, func(r *fixture, old, late Job, who func(Job) string) {
		r.enqueueMany(12, old)
		r.leaseAndFinish(6, who)
		r.enqueueMany(8, late)
		got := r.leaseAndFinish(6, who)
		if n := count(got, "late"); n < 3 || n > 4 {
			r.Errorf("order %v: want turns, not a catching up", got)
		}
	})
}

func TestLeavingDoesNotResetTheCharge(t *testing.T) {
	levels(t, Options{}, func(r *fixture, old, late Job, who func(Job) string) {
		old.Cost = 4000
		r.enqueueMany(1, old)
		r.enqueueMany(8, late)
		if got := r.leaseAndFinish(3, who); count(got, "old") != 1 {
			r.Fatalf("order %v: want old once", got)
		}
		old.ID = "again"
		r.enqueueMany(1, old)
		if got := r.leaseAndFinish(2, who); count(got, "old") > 0 {
			r.Errorf("order %v: old was served before the others had as much", got)
		}
	})
}

func TestLimitedUserCatchesUpByAMinuteAtMost(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		limited, free := job("limited", "s", "limited"), job("free", "s", "free")
		limited.MaxRunning, limited.Cost, free.Cost = 1, 30_000, 30_000
		r.enqueueMany(12, limited)
		r.enqueueMany(24, free)
		var held Lease
		for held.Job.User != "limited" {
			if held.Job.ID != "" {
				r.finish(held)
			}
			held, _ = r.lease("w")
		}
		if got := r.leaseAndFinish(12, byUser); count(got, "limited") > 0 {
			r.Fatalf("order %v: a blocked user was served", got)
		}
		r.finish(held)
		got := r.leaseAndFinish(8, byUser)
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

func TestFloodDoesNotStarveOtherServers(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueueMany(8, job("flood", "big", "u"))
		r.enqueueMany(2, job("one", "small", "u"))
		r.enqueueMany(2, job("two", "tiny", "u"))
		var order []string
		for range 12 {
			l, _ := r.lease("w")
			order = append(order, l.Job.ID)
			r.finish(l)
		}
		if i := slices.Index(order, "one-1"); i > 5 {
			r.Errorf("order %v: one-1 came at %d, want it within the first six", order, i+1)
		}
		if i := slices.Index(order, "two-1"); i > 5 {
			r.Errorf("order %v: two-1 came at %d, want it within the first six", order, i+1)
		}
	})
}

func TestFairnessIsByTimeNotByCount(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		heavy := job("heavy", "one", "u")
		heavy.Cost = 4000
		r.enqueueMany(6, heavy)
		r.enqueueMany(12, job("light", "two", "u"))
		spent := map[string]int64{}
		for range 10 {
			l, _ := r.lease("w")
			spent[l.Job.Server] += l.Job.Cost
			r.finish(l)
		}
		if d := spent["one"] - spent["two"]; d < -4000 || d > 4000 {
			r.Errorf("time given %v: want equal within one job", spent)
		}
	})
}

func TestUsersOfAServerAlternate(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueueMany(5, job("x", "s", "eager"))
		r.enqueueMany(2, job("y", "s", "calm"))
		var order []string
		for range 4 {
			l, _ := r.lease("w")
			order = append(order, l.Job.User)
			r.finish(l)
		}
		slices.Sort(order)
		if want := []string{"calm", "calm", "eager", "eager"}; !slices.Equal(order, want) {
			r.Errorf("the first four went to %v, want %v", order, want)
		}
	})
}

func TestWhatAJobReallyTookIsCharged(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueueMany(3, job("x", "one", "u"))
		r.enqueueMany(3, job("y", "two", "u"))
		l := r.mustLease("w", "x-0")
		r.wantVerdict(OK)(r.Done(r.ctx, l, 2500, Outcome{})) // estimated at 1000
		for _, want := range []string{"y-0", "y-1", "y-2", "x-1"} {
			r.finish(r.mustLease("w", want))
		}
	})
}

func TestCatchUpIsLimited(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		stuck := job("stuck", "one", "u") // no renderer takes its lane for a long time
		stuck.Lane, stuck.Cost = "b", 30_000
		r.enqueueMany(12, stuck)
		busy := job("busy", "two", "u")
		busy.Cost = 30_000
		r.enqueueMany(16, busy)
		for range 10 {
			l, _ := r.lease("w")
			r.finish(l)
		}
		var first []string
		for range 8 {
			l := r.reserve("w", Capacity{Lanes: Lanes("a", "b")})
			first = append(first, l[0].Job.Server)
			r.finish(l[0])
		}
		if n := strings.Count(strings.Join(first, " "), "two"); n < 2 {
			r.Errorf("order after the wait %v: want at most a minute of catching up", first)
		}
	})
}

func TestWeightScalesTheShare(t *testing.T) {
	levels(t, Options{}, func(r *fixture, old, late Job, who func(Job) string) {
		late.Weight, late.ServerWeight = 300, 300
		r.enqueueMany(12, old)
		r.enqueueMany(12, late)
		if n := count(r.leaseAndFinish(12, who), "late"); n < 8 || n > 10 {
			r.Errorf("three times the weight got %d of 12 turns, want about 9", n)
		}
	})
}

func TestReleaseRefundsTheCharge(t *testing.T) {
	levels(t, Options{}, func(r *fixture, old, late Job, who func(Job) string) {
		old.Weight, old.ServerWeight, old.Cost = 70, 70, 1001
		r.enqueueMany(2, old)
		before := r.readKeys().hashes
		l, _ := r.lease("w")
		r.wantVerdict(OK)(r.Release(r.ctx, l))
		after := r.readKeys().hashes
		for _, key := range []string{"servers", "users:" + escape(old.Server)} {
			for name, record := range before[key] {
				want, _ := startTagOf(record)
				if got, _ := startTagOf(after[key][name]); got != want {
					r.Errorf("%s %s: start tag %v after a release, want %v as before", key, name, got, want)
				}
			}
		}
	})
}

// A newcomer goes before an account that was just served, but endless newcomers block nobody.
func TestNewcomersDoNotStarveOthers(t *testing.T) {
	levels(t, Options{}, func(r *fixture, old, late Job, who func(Job) string) {
		r.enqueueMany(3, old)
		r.finish(r.mustLease("w", "old-0"))
		for i := range 6 {
			next := late
			next.ID = fmt.Sprintf("late-%d", i)
			if late.Server == "s" {
				next.User = fmt.Sprint("late ", i)
			} else {
				next.Server = fmt.Sprint("late ", i)
			}
			r.enqueue(next)
			l, _ := r.lease("w")
			r.finish(l)
			if who(l.Job) == "old" {
				if i == 0 {
					r.Error("the first newcomer waited for who was served before")
				}
				return
			}
		}
		r.Error("six newcomers in a row went first")
	})
}

func TestEqualNewcomersGoInOrder(t *testing.T) {
	levels(t, Options{}, func(r *fixture, old, late Job, who func(Job) string) {
		late.User, old.User = "a", "z" // names must not decide
		if old.Server != late.Server {
			late.Server, old.Server = "a", "z"
		}
		r.enqueueMany(1, old)
		r.enqueueMany(1, late)
		r.mustLease("w", "old-0")
	})
}
