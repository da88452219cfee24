package queue

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

// foretold is a forecast of the line as it stands, in seconds from now.
func (r *rig) foretold(up ...Renderer) map[string]string {
	r.Helper()
	s, err := r.Snapshot(r.ctx)
	if err != nil {
		r.Fatal(err)
	}
	got := map[string]string{}
	for id, e := range Forecast(s, up) {
		got[id] = fmt.Sprint(e.Start.Sub(s.At).Seconds(), "-", e.End.Sub(s.At).Seconds())
	}
	return got
}

func (r *rig) foretells(want map[string]string, up ...Renderer) {
	r.Helper()
	if got := r.foretold(up...); !maps.Equal(got, want) {
		r.Errorf("foretold %v, want %v", got, want)
	}
}

func TestAForecastTellsStartAndEnd(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		one := Renderer{Slot: "w", Lanes: Lanes("a")}
		r.foretells(map[string]string{}, one)
		r.many(3, job("x", "s", "u"))
		r.many(1, job("y", "other", "u"))
		r.foretells(map[string]string{}) // nobody is there to paint
		r.foretells(map[string]string{"x-0": "0-1", "y-0": "1-2", "x-1": "2-3", "x-2": "3-4"}, one)
		fast := Renderer{Slot: "v", Lanes: Lanes("a"), Speed: 400}
		r.foretells(map[string]string{"x-0": "0-1", "y-0": "0-0.25", "x-1": "0.25-0.5", "x-2": "0.5-0.75"}, one, fast)
		r.take("w", "x-0")
		r.clock.advance(400 * time.Millisecond)
		r.foretells(map[string]string{"x-0": "-0.4-0.6", "y-0": "0.6-1.6", "x-1": "1.6-2.6", "x-2": "2.6-3.6"}, one)
	})
}

func TestAForecastKnowsHowFarAPictureIs(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.many(2, job("x", "s", "u"))
		l := r.take("w", "x-0")
		r.clock.advance(2 * time.Second)
		r.is(OK)(r.beat(l, 50))
		r.foretells(map[string]string{"x-0": "-2-2", "x-1": "2-3"}, Renderer{Slot: "w", Lanes: Lanes("a")})
	})
}

func TestAForecastKnowsLimitsPausesAndDelays(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		limited := job("x", "s", "limited")
		limited.MaxRunning = 1
		r.many(2, limited)
		r.many(2, job("y", "quiet", "u"))
		other := job("z-0", "s", "u")
		other.Lane = "b"
		r.enqueue(other)
		r.fails(r.reserve("w", Offer{Lanes: Lanes("b")})[0], true, false)
		if err := r.Pause(r.ctx, Scope{Server: "quiet"}, "rest"); err != nil {
			r.Fatal(err)
		}
		two := []Renderer{{Slot: "v", Lanes: Lanes("a", "b")}, {Slot: "w", Lanes: Lanes("a")}}
		r.foretells(map[string]string{"x-0": "0-1", "x-1": "1-2", "z-0": "5-6"}, two...)
	})
}

func TestAForecastLoadsModels(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		r.many(2, job("x", "s", "u"))
		cold := job("y", "s2", "u")
		cold.Lane = "b"
		r.many(2, cold)
		r.foretells(map[string]string{"x-0": "0-1", "x-1": "1-2", "y-0": "2-6", "y-1": "6-7"},
			Renderer{Slot: "w", Lanes: []Lane{{Name: "a"}, {Name: "b", Load: 3 * time.Second}}})
	})
}

func TestAForecastPaintsBatchesInTurn(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		small, large := job("x", "s", "u"), job("y", "other", "u")
		small.Batch, large.Batch = "512", "768"
		r.many(2, small)
		r.many(1, large)
		r.foretells(map[string]string{"x-0": "0-1", "x-1": "0-2", "y-0": "2-3"}, Renderer{Slot: "w", Lanes: Lanes("a"), Batch: 2})
	})
}

// TestAForecastComesTrue plays a line through as it was foretold: one renderer, jobs that take what they were thought to.
func TestAForecastComesTrue(t *testing.T) {
	each(t, Options{Lease: time.Hour}, func(r *rig) {
		for i := range 40 {
			j := job(fmt.Sprintf("%d-0", i), fmt.Sprint("s", i%5), fmt.Sprint("u", i%3))
			j.Cost, j.Lane, j.MaxRunning = int64(500+700*(i%4)), fmt.Sprint("lane", i%3), i%3
			j.Weight, j.ServerWeight, j.Batch = 100*(i%2), 50*(i%3), fmt.Sprint(i%2)
			r.enqueue(j)
		}
		lanes := []Lane{{Name: "lane0"}, {Name: "lane1", Load: time.Second}, {Name: "lane2", Load: 2 * time.Second}}
		s, err := r.Snapshot(r.ctx)
		if err != nil {
			r.Fatal(err)
		}
		foretold := Forecast(s, []Renderer{{Slot: "w", Lanes: lanes, Batch: 3}})
		loads := slices.Clone(lanes)
		for len(foretold) > 0 {
			leases := r.reserve("w", Offer{Lanes: loads, Max: 3})
			if len(leases) == 0 {
				r.Fatalf("no job, and %d were foretold", len(foretold))
			}
			i := slices.IndexFunc(loads, func(l Lane) bool { return l.Name == leases[0].Job.Lane })
			start := r.clock.Now()
			b := bench{lanes: loads}
			r.clock.advance(loads[i].Load)
			b.load(i)
			for _, l := range leases {
				r.clock.advance(time.Duration(l.Job.Cost) * time.Millisecond)
				r.finish(l)
				want := Expected{Start: start, End: r.clock.Now()}
				if got := foretold[l.Job.ID]; !got.Start.Equal(want.Start) || !got.End.Equal(want.End) {
					r.Fatalf("job %s: foretold %v, was %v", l.Job.ID, got, want)
				}
				delete(foretold, l.Job.ID)
			}
		}
	})
}

func TestPlacesForetellTheOrder(t *testing.T) {
	each(t, Options{}, func(r *rig) {
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
		if err != nil || s.Waiting != 19 || s.Running != 1 || s.Jobs[0].State != "painting" || s.Jobs[0].Slot != "w" {
			r.Fatalf("snapshot %+v, %v", s, err)
		}
		if first := s.Jobs[0]; first.ID != l.Job.ID || first.Place != 0 || !first.Since.Equal(r.clock.Now()) || !s.At.Equal(r.clock.Now()) {
			r.Errorf("held job %+v, want %s leased now, at no place", first, l.Job.ID)
		}
		for i, j := range s.Jobs[1:] {
			if j.Place != i+1 {
				r.Fatalf("job %s is at %d, want %d", j.ID, j.Place, i+1)
			}
			r.take("w", j.ID)
		}
	})
}
