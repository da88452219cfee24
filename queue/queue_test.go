package queue

import "testing"

func TestPoolsAreSeparate(t *testing.T) {
	t.Parallel()
	one, two := newFixture(t, Options{}, backends["redis"]), newFixture(t, Options{}, backends["redis"])
	one.enqueue(job("1-0", "s", "u"))
	two.mustLeaseNone()
	if err := two.BeginEpoch(two.ctx, 2); err != nil {
		t.Fatal(err)
	}
	one.mustLease("w", "1-0")
}
