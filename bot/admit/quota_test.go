package admit

import (
	"strings"
	"testing"

	"darkroom/store/limits"
)

func TestCheckQuota(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		policy limits.Policy
		usage  limits.Usage
		n      int
		says   string
	}{
		{"no limits", limits.Policy{}, limits.Usage{Waiting: 1000, Running: 1000, Day: 1000}, 4, ""},
		{"exactly up to the waiting limit", limits.Policy{WaitingPerUser: 8}, limits.Usage{Waiting: 4}, 4, ""},
		{"one over the waiting limit", limits.Policy{WaitingPerUser: 8}, limits.Usage{Waiting: 5}, 4,
			"8 images per person. You have 5 waiting"},
		{"more at once than may wait at all", limits.Policy{WaitingPerUser: 3}, limits.Usage{Running: 2}, 4,
			"Ask for at most 3 images at once."},
		{"what is painted does not wait", limits.Policy{WaitingPerUser: 4}, limits.Usage{Running: 4}, 4, ""},
		{"running is the queue's to limit", limits.Policy{RunningPerUser: 1}, limits.Usage{Running: 4}, 4, ""},
		{"exactly up to the day's limit", limits.Policy{PerUserDay: 10}, limits.Usage{Day: 6}, 4, ""},
		{"one over the day's limit", limits.Policy{PerUserDay: 10}, limits.Usage{Day: 7}, 4, "You can still ask for 3."},
		{"nothing left of the day", limits.Policy{PerUserDay: 1}, limits.Usage{Day: 9}, 1, "None are left for now."},
		{"paused without a reason", limits.Policy{Paused: true}, limits.Usage{}, 1, "This server is paused."},
	} {
		no := CheckQuota(c.policy, c.usage, c.n)
		if (no == nil) != (c.says == "") || no != nil && !strings.Contains(no.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", c.name, no, c.says)
		}
	}
}
