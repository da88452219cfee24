package queue

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

// estimates are those of the queue as it is, in seconds from now.
func (r *fixture) estimates(renderers ...Renderer) map[string]string {
	r.Helper()
	s, err := r.Snapshot(r.ctx)
	if err != nil {
		r.Fatal(err)
	}
	got := map[string]string{}
	for id, e := range EstimateTimes(s, renderers) {
		got[id] = fmt.Sprint(e.Start.Sub(s.At).Seconds(), "-", e.End.Sub(s.At).Seconds())
	}
	return got
}

func (r *fixture) wantEstimates(want map[string]string, renderers ...Renderer) {
	r.Helper()
	if got := r.estimates(renderers...); !maps.Equal(got, want) {
		r.Errorf("estimates %v, want %v", got, want)
	}
}

func TestEstimateStartAndEnd(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		one := Renderer{Slot: "w", Lanes: Lanes("a")}
		r.wantEstimates(map[string]string{}, one)
		r.enqueueMany(3, job("x", "s", "u"))
		r.enqueueMany(1, job("y", "other", "u"))
		r.wantEstimates(map[string]string{}) // no renderer is there
		r.wantEstimates(map[string]string{"x-0": "0-1", "y-0": "1-2", "x-1": "2-3", "x-2": "3-4"}, one)
		fast := Renderer{Slot: "v", Lanes: Lanes("a"), Speed: 400}
		r.wantEstimates(map[string]string{"x-0": "0-1", "y-0": "0-0.25", "x-1": "0.25-0.5", "x-2": "0.5-0.75"}, one, fast)
		r.mustLease("w", "x-0")
		r.clock.advance(400 * time.Millisecond)
		r.wantEstimates(map[string]string{"x-0": "-0.4-0.6", "y-0": "0.6-1.6", "x-1": "1.6-2.6", "x-2": "2.6-3.6"}, one)
	})
}

func TestEstimateUsesProgress(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueueMany(2, job("x", "s", "u"))
		l := r.mustLease("w", "x-0")
		r.clock.advance(2 * time.Second)
		r.wantVerdict(OK)(r.heartbeat(l, 50))
		r.wantEstimates(map[string]string{"x-0": "-2-2", "x-1": "2-3"}, Renderer{Slot: "w", Lanes: Lanes("a")})
	})
}

func TestEstimateIgnoresEarlyProgress(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueueMany(1, job("x", "s", "u"))
		l := r.mustLease("w", "x-0")
		r.clock.advance(400 * time.Millisecond)
		one := Renderer{Slot: "w", Lanes: Lanes("a")}
		r.wantVerdict(OK)(r.heartbeat(l, 5))
		r.wantEstimates(map[string]string{"x-0": "-0.4-0.6"}, one)
		r.wantVerdict(OK)(r.heartbeat(l, 20))
		r.wantEstimates(map[string]string{"x-0": "-0.4-1.6"}, one)
	})
}

func TestEstimateHonoursLimitsPausesAndDelays(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		limited := job("x", "s", "limited")
		limited.MaxRunning = 1
		r.enqueueMany(2, limited)
		r.enqueueMany(2, job("y", "quiet", "u"))
		other := job("z-0", "s", "u")
		other.Lane = "b"
		r.enqueue(other)
		r.mustFail(r.reserve("w", Capacity{Lanes: Lanes("b")})[0], true, false)
		if err := r.Pause(r.ctx, Scope{Server: "quiet"}, "rest"); err != nil {
			r.Fatal(err)
		}
		two := []Renderer{{Slot: "v", Lanes: Lanes("a", "b")}, {Slot: "w", Lanes: Lanes("a")}}
		r.wantEstimates(map[string]string{"x-0": "0-1", "x-1": "1-2", "z-0": "5-6"}, two...)
	})
}

func TestEstimateIncludesModelLoading(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueueMany(2, job("x", "s", "u"))
		cold := job("y", "s2", "u")
		cold.Lane = "b"
		r.enqueueMany(2, cold)
		r.wantEstimates(map[string]string{"x-0": "0-1", "x-1": "1-2", "y-0": "2-6", "y-1": "6-7"},
			Renderer{Slot: "w", Lanes: []Lane{{Name: "a"}, {Name: "b", Load: 3 * time.Second}}})
	})
}

func TestEstimateRunsBatchesSequentially(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		small, large := job("x", "s", "u"), job("y", "other", "u")
		small.BatchKey, large.BatchKey = "512", "768"
		r.enqueueMany(2, small)
		r.enqueueMany(1, large)
		r.wantEstimates(map[string]string{"x-0": "0-1", "x-1": "0-2", "y-0": "2-3"},
			Renderer{Slot: "w", Lanes: Lanes("a"), MaxBatch: 2})
	})
}

// runLanes are of three models, and some of them need more.
var runLanes = []string{"1:a", "1:b:x", "c", "1:a:y", "1:b", "1:a:x", "c"}

// TestEstimateMatchesTheRun runs a queue and compares it with its estimates: one renderer, jobs that take what they
// were estimated to.
func TestEstimateMatchesTheRun(t *testing.T) {
	onEachBackend(t, Options{Lease: time.Hour}, func(r *fixture) {
		for i := range 40 {
			j := job(fmt.Sprintf("%d-0", i), fmt.Sprint("s", i%5), fmt.Sprint("u", i%3))
			j.Cost, j.Lane, j.MaxRunning = int64(500+700*(i%4)), runLanes[i%len(runLanes)], i%3
			j.Needs = laneNeeds[j.Lane]
			j.Weight, j.ServerWeight, j.BatchKey = 100*(i%2), 50*(i%3), fmt.Sprint(i%2)
			r.enqueue(j)
		}
		lanes := []Lane{{Name: "1:a"}, {Name: "1:b", Load: time.Second}, {Name: "c", Load: 2 * time.Second}}
		has := Renderer{Slot: "w", Lanes: lanes, MaxBatch: 3, Addons: []Addon{{Hash: sha("1")}, {Hash: sha("2")}}}
		s, err := r.Snapshot(r.ctx)
		if err != nil {
			r.Fatal(err)
		}
		estimates := EstimateTimes(s, []Renderer{has})
		loads := slices.Clone(lanes)
		for len(estimates) > 0 {
			leases := r.reserve("w", Capacity{Lanes: loads, Addons: has.AddonSet(), MaxJobs: 3})
			if len(leases) == 0 {
				r.Fatalf("no job, and %d estimates", len(estimates))
			}
			i := slices.IndexFunc(loads, func(l Lane) bool { return l.Name == baseLane(leases[0].Job.Lane) })
			start := r.clock.Now()
			b := rendererState{lanes: loads}
			r.clock.advance(loads[i].Load)
			b.load(i)
			for _, l := range leases {
				r.clock.advance(time.Duration(l.Job.Cost) * time.Millisecond)
				r.finish(l)
				want := Estimate{Start: start, End: r.clock.Now()}
				if got := estimates[l.Job.ID]; !got.Start.Equal(want.Start) || !got.End.Equal(want.End) {
					r.Fatalf("job %s: estimate %v, was %v", l.Job.ID, got, want)
				}
				delete(estimates, l.Job.ID)
			}
		}
	})
}

func TestPositionsMatchTheOrder(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		for i := range 20 {
			j := job(fmt.Sprintf("%d-0", i), fmt.Sprint("s", i%3), fmt.Sprint("u", i%4))
			j.Cost = int64(500 + 700*(i%5))
			r.enqueue(j)
		}
		l, _ := r.lease("w")
		if waiting, running, err := r.Counts(r.ctx); waiting != 19 || running != 1 || err != nil {
			r.Errorf("counted %d waiting, %d running, %v; want 19 and 1", waiting, running, err)
		}
		s, err := r.Snapshot(r.ctx)
		if err != nil || s.Waiting != 19 || s.Running != 1 || s.Jobs[0].State != StateRendering || s.Jobs[0].Slot != "w" {
			r.Fatalf("snapshot %+v, %v", s, err)
		}
		if first := s.Jobs[0]; first.ID != l.Job.ID || first.Position != 0 || !first.Since.Equal(r.clock.Now()) ||
			!s.At.Equal(r.clock.Now()) {
			r.Errorf("leased job %+v, want %s leased now, without a position", first, l.Job.ID)
		}
		for i, j := range s.Jobs[1:] {
			if j.Position != i+1 {
				r.Fatalf("job %s is at %d, want %d", j.ID, j.Position, i+1)
			}
			r.mustLease("w", j.ID)
		}
	})
}
