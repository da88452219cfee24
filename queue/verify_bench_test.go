package queue

import (
	"fmt"
	"testing"
)

// BenchmarkVerify looks at 10,000 waiting jobs of 200 servers and 2,000 users for lost keys.
func BenchmarkVerify(b *testing.B) {
	for name, jobs := range map[string]int{"embedded": embeddedWaiting, "redis": 10_000} {
		b.Run(name, func(b *testing.B) {
			r := newFixture(b, Options{MaxWaiting: jobs}, backends[name])
			for i := range jobs {
				j := job(fmt.Sprint(i), fmt.Sprint("s", i%200), fmt.Sprint("u", i%2000))
				if _, err := r.Enqueue(r.ctx, r.epoch, j); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if lost, err := r.Verify(r.ctx); lost != "" || err != nil {
					b.Fatal(lost, err)
				}
			}
		})
	}
}
