package queue

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func (r *fixture) mustPause(s Scope, reason string) {
	r.Helper()
	if err := r.Pause(r.ctx, s, reason); err != nil {
		r.Fatal(err)
	}
	r.checkInvariants()
}

func (r *fixture) mustResume(s Scope) {
	r.Helper()
	if err := r.Resume(r.ctx, s); err != nil {
		r.Fatal(err)
	}
	r.checkInvariants()
}

func TestPausedJobsAreNotLeased(t *testing.T) {
	for name, s := range map[string]Scope{"pool": {}, "server": {Server: "s/1"}, "lane": {Lane: "a"}} {
		t.Run(name, func(t *testing.T) {
			onEachBackend(t, Options{}, func(r *fixture) {
				r.enqueue(job("1-0", "s/1", "u"))
				running := r.mustLease("w", "1-0")
				r.enqueue(job("2-0", "s/1", "u"))
				r.mustPause(s, "too loud")
				r.mustPause(s, "too loud") // repeated
				r.mustLeaseNone()
				r.enqueue(job("3-0", "s/1", "v"))
				r.mustLeaseNone()
				r.finish(running) // a running job goes on
				r.mustLeaseNone()
				r.mustCancel("3-0", CancelRemoved)
				r.mustResume(s)
				r.mustResume(s)
				r.finish(r.mustLease("w", "2-0"))
				r.wantEvents("leased 1-0", "pause ", "pause ", "sealed 1-0", "done 1-0", "cancelled 3-0", "pause ", "pause ",
					"leased 2-0", "sealed 2-0", "done 2-0")
			})
		})
	}
}

func TestPauseAffectsOnlyItsScope(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueueMany(3, job("x", "loud", "u"))
		other := job("z", "calm", "u")
		other.Lane = "b"
		r.enqueueMany(3, job("y", "calm", "u"))
		r.enqueueMany(1, other)
		r.mustPause(Scope{Server: "loud"}, "")
		for _, want := range []string{"y-0", "y-1", "y-2"} {
			r.finish(r.mustLease("w", want))
		}
		r.mustLeaseNone()
		r.mustPause(Scope{Lane: "a"}, "")
		r.mustResume(Scope{Server: "loud"})
		if l := r.reserve("w", Capacity{Lanes: Lanes("a", "b")}); len(l) != 1 || l[0].Job.ID != "z-0" {
			r.Fatalf("got %v, want z-0 of the other lane", l)
		}
		r.mustResume(Scope{Lane: "a"})
		r.mustLease("w", "x-0")
	})
}

func TestPausesOutliveAnEpoch(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.mustPause(Scope{Server: "ü,1"}, "a word, and another")
		r.clock.advance(time.Minute)
		r.mustPause(Scope{Lane: "a:b"}, "")
		r.mustPause(Scope{}, "repairs")
		r.mustPause(Scope{Server: "ü,1"}, "another word")
		r.epoch = 2
		if err := r.BeginEpoch(r.ctx, 2); err != nil {
			r.Fatal(err)
		}
		all, err := r.Pauses(r.ctx)
		start := r.clock.Now()
		want := []Paused{{Scope{}, "repairs", start}, {Scope{Server: "ü,1"}, "another word", start.Add(-time.Minute)},
			{Scope{Lane: "a:b"}, "", start}}
		if err != nil || !slices.EqualFunc(all, want, func(a, b Paused) bool {
			return a.Scope == b.Scope && a.Reason == b.Reason && a.Since.Equal(b.Since)
		}) {
			r.Errorf("pauses %v, %v; want %v", all, err, want)
		}
		r.enqueue(job("1-0", "ü,1", "u"))
		r.mustResume(Scope{})
		r.mustLeaseNone()
		s, err := r.Snapshot(r.ctx)
		if err != nil || len(s.Jobs) != 1 || !s.Jobs[0].Paused || s.Jobs[0].Position != 1 || len(s.Paused) != 2 {
			r.Errorf("snapshot %+v, %v; want the job marked as paused", s, err)
		}
	})
}

func TestPauseBeforeTheFirstEpoch(t *testing.T) {
	t.Parallel()
	q := Embedded(Options{})
	t.Cleanup(func() { _ = q.Close() })
	if err := q.Pause(t.Context(), Scope{Lane: "a"}, ""); err != nil {
		t.Fatal(err)
	}
	if err := q.BeginEpoch(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Enqueue(t.Context(), 1, job("1-0", "s", "u")); err != nil {
		t.Fatal(err)
	}
	if l, err := q.Reserve(t.Context(), "w", "n", Capacity{Lanes: Lanes("a")}); err != nil || len(l) != 0 {
		t.Errorf("leased %v, %v; want none", l, err)
	}
	if err := q.Pause(t.Context(), Scope{Lane: "a", Server: "s"}, ""); err == nil {
		t.Error("a pause of a lane of a server was taken, and there is none such")
	}
}

// TestBlockedJobsAddNoCommandsToReserve checks that a call of Reserve costs the same however many users wait at their
// limit, servers are paused or jobs wait in a paused lane: it counts the commands that its script calls.
func TestBlockedJobsAddNoCommandsToReserve(t *testing.T) {
	t.Parallel()
	crowds := map[string]func(r *fixture, i int){
		"users at their limit": func(r *fixture, i int) {
			j := job(fmt.Sprint("leased-", i), "busy", fmt.Sprint("u", i))
			j.Lane, j.MaxRunning, j.Cost = "b", 1, 1
			k := job(fmt.Sprint("blocked-", i), "busy", fmt.Sprint("u", i))
			k.MaxRunning, k.Cost = 1, 1
			r.enqueueUnchecked(j, k)
			l, err := r.Reserve(r.ctx, "w", fmt.Sprint("leased ", i), Capacity{Lanes: Lanes("b")})
			if err != nil || len(l) != 1 {
				r.Fatal(l, err)
			}
		},
		"paused servers": func(r *fixture, i int) {
			name := fmt.Sprint("paused ", i)
			if err := r.Pause(r.ctx, Scope{Server: name}, ""); err != nil {
				r.Fatal(err)
			}
			r.enqueueUnchecked(job(fmt.Sprint("blocked-", i), name, "u"))
		},
		"a paused lane": func(r *fixture, i int) {
			j := job(fmt.Sprint("blocked-", i), fmt.Sprint("s", i), "u")
			j.Lane = "b"
			r.enqueueUnchecked(j)
		},
	}
	for name, park := range crowds {
		t.Run(name, func(t *testing.T) {
			server := &realServer{}
			t.Cleanup(server.stop)
			r := newFixture(t, Options{}, func(t testing.TB, o Options) *Queue {
				q, err := Dial(server.url(t), o)
				if err != nil {
					t.Fatal(err)
				}
				return q
			})
			if name != "users at their limit" {
				r.mustPause(Scope{Lane: "b"}, "")
			}
			var cost []int
			for n := range 201 {
				if n > 0 {
					park(r, n)
				}
				if n == 10 || n == 200 {
					cost = append(cost, r.reserveCommands(fmt.Sprint("free-", n)))
				}
			}
			if cost[1] > cost[0] {
				t.Errorf("reserve called %d commands with 10 blocked and %d with 200; want no more", cost[0], cost[1])
			}
		})
	}
}

// enqueueUnchecked enqueues without checking the invariants, which takes long on a long queue.
func (r *fixture) enqueueUnchecked(jobs ...Job) {
	r.Helper()
	for _, j := range jobs {
		if _, err := r.Enqueue(r.ctx, r.epoch, j); err != nil {
			r.Fatal(err)
		}
	}
}

// reserveCommands counts the commands of one call of Reserve that leases one job of a server of its own.
func (r *fixture) reserveCommands(id string) int {
	r.Helper()
	r.enqueueUnchecked(job(id, id, "u"))
	before := r.commands()
	l, err := r.Reserve(r.ctx, "probe", id, Capacity{Lanes: Lanes("a", "b")})
	if err != nil || len(l) != 1 || l[0].Job.ID != id {
		r.Fatalf("leased %v, %v; want %s", l, err, id)
	}
	return r.commands() - before
}

// commands is how many commands the server has run, including those within scripts.
func (r *fixture) commands() (n int) {
	r.Helper()
	for line := range strings.Lines(r.db.Info(r.ctx, "commandstats").Val()) {
		_, rest, ok := strings.Cut(line, ":calls=")
		if calls, _, _ := strings.Cut(rest, ","); ok {
			n += number(calls)
		}
	}
	return n
}
