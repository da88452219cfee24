package queue

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestQueueDrains checks that nothing is ever stuck: whatever jobs there are, renderers that take every lane finish
// them all, in the order of their positions when nothing changes meanwhile.
func TestQueueDrains(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		rapid.Check(r.TB.(*testing.T), func(t *rapid.T) {
			r.wipe()
			p := &property{fixture: r, T: t, m: newModel(r.opts, r.clock.Now())}
			p.newEpoch(t)
			for range rapid.IntRange(1, 25).Draw(t, "jobs") {
				p.enqueue(t)
			}
			var served []string
			for {
				p.calls++
				l, err := r.Reserve(r.ctx, "w", fmt.Sprint("n", p.calls), Capacity{
					Lanes: Lanes("1:a", "1:b"), Addons: addonChoices[3],
				})
				if err != nil {
					t.Fatal(err)
				}
				if len(l) == 0 {
					break
				}
				served = append(served, l[0].Job.ID)
				if v, err := r.Done(r.ctx, l[0], l[0].Job.Cost, Outcome{}); v != OK || err != nil {
					t.Fatal(v, err)
				}
			}
			slices.Sort(served)
			if len(slices.Compact(served)) != len(p.m.jobs) {
				t.Fatalf("served %v, want all %d jobs once", served, len(p.m.jobs))
			}
			if faults := r.invariantFaults(); len(faults) > 0 {
				t.Fatalf("invariant broken: %q", faults)
			}
		})
	})
}
