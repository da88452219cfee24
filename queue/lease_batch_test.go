package queue

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestABatchIsOfOneKind(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		kinds := []string{"512", "768", "512", "", "512", "", "512"}
		for i, kind := range kinds {
			j := job(fmt.Sprintf("%d-0", i), fmt.Sprint("s", i%2), fmt.Sprint("u", i))
			j.BatchKey = kind
			if i == 4 {
				j.Lane = "b"
			}
			r.enqueue(j)
		}
		var batches [][]string
		for {
			l := r.reserve("w", Capacity{Lanes: Lanes("a", "b"), MaxJobs: 3})
			if len(l) == 0 {
				break
			}
			batches = append(batches, ids(l))
		}
		want := [][]string{{"0-0", "2-0", "6-0"}, {"1-0"}, {"3-0"}, {"5-0"}, {"4-0"}}
		if !slices.EqualFunc(batches, want, slices.Equal) {
			r.Errorf("batches %v, want %v", batches, want)
		}
	})
}

func TestABatchObeysLimits(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		limited := job("x", "s", "limited")
		limited.BatchKey, limited.MaxRunning = "512", 2
		r.enqueueMany(4, limited)
		free := job("y", "s", "free")
		free.BatchKey = "512"
		r.enqueueMany(1, free)
		want := []string{"x-0", "y-0", "x-1"}
		if l := r.reserve("w", Capacity{Lanes: Lanes("a"), MaxJobs: 4}); !slices.Equal(ids(l), want) {
			r.Errorf("leased %v, want x-0, y-0 and x-1: then x is at its limit", ids(l))
		}
	})
}

// warmAndCold are two lanes, of which the second takes ten seconds to load.
var warmAndCold = []Lane{{Name: "a"}, {Name: "b", Load: 10 * time.Second}}

func TestColdLaneIsDelayedByTwiceItsLoadTime(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		warm, cold := job("warm", "one", "u"), job("cold", "two", "u")
		warm.Cost, cold.Lane = 4000, "b"
		r.enqueueMany(12, warm)
		r.enqueueMany(1, cold)
		var before int
		for {
			l := r.reserve("w", Capacity{Lanes: warmAndCold})[0]
			if l.Job.Lane == "b" {
				break
			}
			before++
			r.finish(l)
		}
		if before != 6 { // until the other server got 20 s more
			r.Errorf("%d jobs of the loaded lane went before, want 6", before)
		}
	})
}

func TestALaneIsPassedOverForThreeMinutesAtMost(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		cold := job("cold", "two", "u")
		cold.Lane = "b"
		r.enqueueMany(2, cold)
		for i := range 3 { // the next newcomer has a lower start tag than any other
			r.enqueue(job(fmt.Sprintf("warm-%d", i), fmt.Sprint("one ", i), "u"))
			if l := r.reserve("w", Capacity{Lanes: warmAndCold})[0]; l.Job.Lane != "a" {
				r.Fatalf("turn %d went to %s, want the loaded lane", i, l.Job.ID)
			}
			r.clock.advance(time.Minute)
		}
		r.clock.advance(time.Second)
		r.enqueue(job("warm-9", "one 9", "u"))
		if l := r.reserve("w", Capacity{Lanes: warmAndCold})[0]; l.Job.ID != "cold-0" {
			r.Errorf("after three minutes %s came, want cold-0", l.Job.ID)
		}
		if l := r.reserve("w", Capacity{Lanes: warmAndCold})[0]; l.Job.ID != "warm-9" {
			r.Errorf("after the cold lane %s came, want warm-9: the cold lane is delayed again", l.Job.ID)
		}
	})
}

func TestAnIdleRendererTakesAColdLaneAtOnce(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		cold := job("cold", "two", "u")
		cold.Lane = "b"
		r.enqueueMany(1, cold)
		if l := r.reserve("w", Capacity{Lanes: warmAndCold}); len(l) != 1 {
			r.Error("nothing was leased though a job was ready")
		}
	})
}
