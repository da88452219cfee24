package queue

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEnqueue(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		j := job("1-0", "s", "u")
		j.Spec = []byte(`{"prompt":"<a & b>"}`)
		first, err := r.Enqueue(r.ctx, 1, j)
		if err != nil || first != (EnqueueResult{Position: 1}) {
			r.Fatalf("first: %+v, %v", first, err)
		}
		again, err := r.Enqueue(r.ctx, 1, j)
		if err != nil || again != (EnqueueResult{Duplicate: true, Position: 1}) {
			r.Fatalf("again: %+v, %v", again, err)
		}
		r.checkInvariants()
		l := r.mustLease("w", "1-0")
		if string(l.Job.Spec) != string(j.Spec) || l.Attempt != 1 || l.Job.MaybePosted {
			r.Fatalf("leased %+v, want the job as it was, at its first attempt", l)
		}
		r.mustLeaseNone()
	})
}

func TestEnqueueOfAnEndedJobRepeatsItsLastEvent(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.mustLease("w", "1-0")
		r.wantVerdict(OK)(r.Seal(r.ctx, l))
		r.wantVerdict(OK)(r.Done(r.ctx, l, 10, Outcome{Message: "77", Delivered: "posted"}))
		got, err := r.Enqueue(r.ctx, 1, job("1-0", "s", "u"))
		if err != nil || !got.Duplicate {
			r.Fatalf("got %+v, %v; want a duplicate", got, err)
		}
		r.mustLeaseNone()
		r.wantEvents("leased 1-0", "sealed 1-0", "done 1-0", "done 1-0")
		if all := r.events(); all[3].Outcome == nil || all[3].Outcome.Message != "77" {
			r.Fatalf("repeated: %+v, want it with the outcome", all[3])
		}
	})
}

func TestEnqueueRefuses(t *testing.T) {
	onEachBackend(t, Options{MaxWaiting: 2}, func(r *fixture) {
		bad := map[string]Job{
			"no id":         {Lane: "a", Server: "s", User: "u"},
			"an id with :":  job("1:0", "s", "u"),
			"no lane":       {ID: "1-0", Server: "s", User: "u"},
			"a wrong input": {ID: "1-0", Lane: "a", Server: "s", User: "u", Inputs: []string{"../x"}},
			"no JSON":       {ID: "1-0", Lane: "a", Server: "s", User: "u", Spec: []byte("{")},
			"too much":      {ID: "1-0", Lane: "a", Server: "s", User: strings.Repeat("u", maxPayload)},
		}
		for name, j := range bad {
			if _, err := r.Enqueue(r.ctx, 1, j); err == nil {
				r.Errorf("%s was accepted", name)
			}
		}
		r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "u"))
		if _, err := r.Enqueue(r.ctx, 1, job("3-0", "s", "u")); !errors.Is(err, ErrFull) {
			r.Errorf("a third job: %v, want ErrFull", err)
		}
		if got, err := r.Enqueue(r.ctx, 1, job("2-0", "s", "u")); err != nil || !got.Duplicate {
			r.Errorf("a known job in a full queue: %+v, %v; want a duplicate", got, err)
		}
		r.checkInvariants()
	})
}

func TestNamesMayHoldAnything(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		odd := []string{"a/b", "a", "b/a", "x,y", "{p}", "%2C", "ü 1", "a|b~c:d", "*"}
		for i, name := range odd {
			j := Job{ID: fmt.Sprintf("%d-0", i), Lane: name, Server: name, User: name, Cost: 5}
			r.enqueue(j)
		}
		s, err := r.Snapshot(r.ctx)
		if err != nil || len(s.Jobs) != len(odd) {
			r.Fatalf("%d jobs, %v", len(s.Jobs), err)
		}
		for i, name := range odd {
			l := r.reserve("w/"+name, Capacity{Lanes: Lanes(name), MaxJobs: 9})
			if len(l) != 1 || l[0].Job.User != name || l[0].Job.ID != fmt.Sprintf("%d-0", i) {
				r.Fatalf("lane %q gave %+v", name, l)
			}
			r.finish(l[0])
		}
	})
}

func TestReserveIsRepeatable(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		j := job("1", "s", "u")
		j.BatchKey = "512"
		r.enqueueMany(3, j)
		o := Capacity{Lanes: Lanes("a"), MaxJobs: 2}
		first, err := r.Reserve(r.ctx, "w", "n1", o)
		if err != nil || len(first) != 2 {
			r.Fatalf("first: %d leases, %v", len(first), err)
		}
		r.clock.advance(20 * time.Second)
		again, err := r.Reserve(r.ctx, "w", "n1", o)
		if err != nil || len(again) != 2 || again[0].Token != first[0].Token || again[1].Token != first[1].Token {
			r.Fatalf("again: %+v, %v; want the same two", again, err)
		}
		r.checkInvariants()
		r.clock.advance(20 * time.Second)
		r.mustReap(0) // the repeated call extended the lease
		other, err := r.Reserve(r.ctx, "w", "n2", o)
		if err != nil || len(other) != 1 {
			r.Fatalf("another call: %d leases, %v; want the third job", len(other), err)
		}
		r.finish(first[0])
		late, err := r.Reserve(r.ctx, "w", "n2", o)
		if err != nil || len(late) != 1 || late[0].Token != other[0].Token {
			r.Fatalf("repeated: %+v, %v", late, err)
		}
	})
}

func TestTwoRenderersNeverHoldOneJob(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueueMany(20, job("1", "s", "u"))
		type got struct {
			leases []Lease
			err    error
		}
		results := make(chan got)
		for w := range 4 {
			go func() {
				var g got
				for i := range 8 {
					l, err := r.Reserve(r.ctx, fmt.Sprint("w", w), fmt.Sprint(i), Capacity{Lanes: Lanes("a")})
					g.leases, g.err = append(g.leases, l...), errors.Join(g.err, err)
				}
				results <- g
			}()
		}
		seen := map[string]bool{}
		for range 4 {
			g := <-results
			if g.err != nil {
				r.Fatal(g.err)
			}
			for _, l := range g.leases {
				if seen[l.Job.ID] {
					r.Errorf("job %s was leased twice", l.Job.ID)
				}
				seen[l.Job.ID] = true
			}
		}
		if len(seen) != 20 {
			r.Errorf("%d jobs were leased, want 20", len(seen))
		}
		r.checkInvariants()
	})
}

func TestLanes(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		a, b := job("a-0", "s", "u"), job("b-0", "s", "u")
		b.Lane = "b"
		r.enqueue(a, b)
		if l := r.reserve("w", Capacity{Lanes: Lanes("c")}); len(l) != 0 {
			r.Fatalf("a lane without jobs gave %v", l)
		}
		l := r.reserve("w", Capacity{Lanes: Lanes("b", "a"), MaxJobs: 5})
		if len(l) != 1 || l[0].Job.ID != "a-0" {
			r.Fatalf("got %v, want a-0 alone: of one user the older job, and one lane a call", l)
		}
	})
}

func TestMaxRunning(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		j := job("x", "s", "limited")
		j.MaxRunning = 2
		r.enqueueMany(4, j)
		r.enqueue(job("y-0", "s", "free"))
		one, _ := r.lease("w1")
		two, _ := r.lease("w2")
		three, _ := r.lease("w3")
		r.mustLeaseNone() // two of limited run, the other two are blocked
		held := []string{one.Job.User, two.Job.User, three.Job.User}
		slices.Sort(held)
		if want := []string{"free", "limited", "limited"}; !slices.Equal(held, want) {
			r.Fatalf("running %v, want %v", held, want)
		}
		for _, l := range []Lease{one, two, three} {
			if l.Job.User == "limited" {
				r.finish(l)
				break
			}
		}
		r.mustLease("w4", "x-2") // an end lets the next one start
		r.mustLeaseNone()
	})
}

func TestMaxRunningCountsPictures(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		four, one := job("four-0", "s", "u"), job("one-0", "s", "u")
		four.MaxRunning, four.Pictures = 3, 4
		one.MaxRunning, one.Pictures = 3, 1
		r.enqueue(four, one)
		l := r.mustLease("w", "four-0") // larger than the limit: it runs, but alone
		r.mustLeaseNone()
		r.finish(l)
		l = r.mustLease("w", "one-0")
		four.ID = "four-1"
		r.enqueue(four)
		r.mustLeaseNone()
		r.wantVerdict(OK)(r.Release(r.ctx, l))
		r.mustLease("w", "one-0")
	})
}

func TestNewLimitAppliesAtOnce(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		j := job("x", "s", "u")
		j.MaxRunning = 1
		r.enqueueMany(2, j)
		r.mustLease("w", "x-0")
		r.mustLeaseNone()
		wide := job("y-0", "s", "u")
		r.enqueue(wide)
		r.mustLease("w", "x-1")
	})
}

func TestLimitRunningAppliesToWaitingJobs(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueueMany(4, job("x", "s", "u"))
		r.enqueueMany(1, job("y", "other", "u"))
		first := r.mustLease("w", "x-0")
		r.mustLease("w", "y-0")
		limit := func(server string, n int) {
			if err := r.LimitRunning(r.ctx, server, n); err != nil {
				r.Fatal(err)
			}
			r.checkInvariants()
		}
		limit("s", 1)
		limit("nobody", 1)
		r.mustLeaseNone() // the others of s are blocked
		limit("s", 2)
		r.mustLease("w", "x-1")
		r.mustLeaseNone()
		limit("s", 1) // what runs goes on
		r.wantVerdict(OK)(r.Release(r.ctx, first))
		r.mustLeaseNone()
		limit("s", 0)
		r.mustLease("w", "x-0")
		r.mustLease("w", "x-2")
		r.mustLease("w", "x-3")
	})
}

func TestReleaseKeepsThePosition(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueueMany(2, job("x", "one", "u"))
		r.enqueueMany(2, job("y", "two", "u"))
		l := r.mustLease("w", "x-0")
		r.wantVerdict(OK)(r.Release(r.ctx, l))
		r.wantVerdict(OK)(r.Release(r.ctx, l))
		again := r.mustLease("w", "x-0")
		if again.Attempt != 1 || again.Token.Fence <= l.Token.Fence || again.Job.MaybePosted {
			r.Errorf("leased again %+v: want attempt 1, a later fence and not MaybePosted", again)
		}
		r.wantVerdict(Stale)(r.Release(r.ctx, l))
	})
}
