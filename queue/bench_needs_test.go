package queue

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// BenchmarkReserveByLanes measures Reserve with a backlog of a thousand jobs of one model: in 1, 50 or 500 lanes by
// what they need beside it, and where none needs anything (0). The renderer has ten models and four hundred add-ons.
func BenchmarkReserveByLanes(b *testing.B) {
	for name, open := range backends {
		for _, lanes := range []int{0, 1, 50, 500} {
			b.Run(fmt.Sprintf("%s/%d", name, lanes), func(b *testing.B) {
				q := open(b, Options{Pool: fmt.Sprint("bench ", pools.Add(1))})
				b.Cleanup(func() {
					_ = q.BeginEpoch(context.Background(), 2)
					_ = q.Close()
				})
				if err := q.BeginEpoch(b.Context(), 1); err != nil {
					b.Fatal(err)
				}
				has := libraryOf("w", 10, 400)
				capacity := Capacity{Lanes: has.Lanes, Addons: has.AddonSet(), MaxJobs: 1}
				add := func(i int) {
					j := job(fmt.Sprint("j-", i), fmt.Sprint("server ", i%20), fmt.Sprint("user ", i%500))
					j.Lane = has.Models[0].Lane
					if lanes > 0 {
						n := i % lanes
						j.Lane += fmt.Sprintf(":%016x", n)
						j.Needs = []string{has.Addons[n%400].Hash, has.Addons[(n*7+1)%400].Hash}
					}
					if _, err := q.Enqueue(b.Context(), 1, j); err != nil {
						b.Fatal(err)
					}
				}
				const backlog = 1000
				for i := range backlog {
					add(i)
				}
				var took stopwatch
				b.ResetTimer()
				for i := range b.N {
					began := time.Now()
					l, err := q.Reserve(b.Context(), "w", fmt.Sprint("n", i), capacity)
					took.note(time.Since(began))
					if err != nil || len(l) != 1 {
						b.Fatal(len(l), err)
					}
					if _, err := q.Done(b.Context(), l[0], 1000, Outcome{}); err != nil {
						b.Fatal(err)
					}
					add(backlog + i)
				}
				b.ReportMetric(took.at(0.5), "ms/p50")
				b.ReportMetric(took.at(0.99), "ms/p99")
			})
		}
	}
}
