package admit

import (
	"strings"
	"testing"
)

func TestCheckQuota(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		policy Policy
		usage  Usage
		n      int
		says   string
	}{
		{"no limits", Policy{}, Usage{Waiting: 1000, Running: 1000, Day: 1000}, 4, ""},
		{"exactly up to the waiting limit", Policy{WaitingPerUser: 8}, Usage{Waiting: 4}, 4, ""},
		{"one over the waiting limit", Policy{WaitingPerUser: 8}, Usage{Waiting: 5}, 4,
			"8 pictures waiting per person; you have 5 waiting"},
		{"more at once than may wait at all", Policy{WaitingPerUser: 3}, Usage{Running: 2}, 4,
			"Ask for at most 3 pictures at once."},
		{"what is painted does not wait", Policy{WaitingPerUser: 4}, Usage{Running: 4}, 4, ""},
		{"running is the queue's to limit", Policy{RunningPerUser: 1}, Usage{Running: 4}, 4, ""},
		{"exactly up to the day's limit", Policy{PerUserDay: 10}, Usage{Day: 6}, 4, ""},
		{"one over the day's limit", Policy{PerUserDay: 10}, Usage{Day: 7}, 4, "You can still ask for 3."},
		{"nothing left of the day", Policy{PerUserDay: 1}, Usage{Day: 9}, 1, "None are left for now."},
		{"paused without a reason", Policy{Paused: true}, Usage{}, 1, "Painting is paused in this server."},
	} {
		no := CheckQuota(c.policy, c.usage, c.n)
		if (no == nil) != (c.says == "") || no != nil && !strings.Contains(no.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", c.name, no, c.says)
		}
	}
}
