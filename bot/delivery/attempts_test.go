package delivery

import (
	"testing"
	"time"
)

func TestAttemptsAreSpacedByJob(t *testing.T) {
	t.Parallel()
	a, now := newAttempts(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i, seconds := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600} {
		if !a.due("1-0", now) || !a.due("2-0", now) {
			t.Fatalf("try %d: not due, want both jobs due", i)
		}
		a.fail("1-0", now)
		if now = now.Add(time.Duration(seconds)*time.Second - 1); a.due("1-0", now) || !a.due("2-0", now) {
			t.Errorf("try %d: want only the other job due within %d seconds", i, seconds)
		}
		now = now.Add(1)
	}
	a.forget("1-0")
	a.fail("1-0", now)
	if now = now.Add(firstAttemptPause); !a.due("1-0", now) {
		t.Error("a job that was dealt with keeps its pause, want the first one")
	}
	a.fail("2-0", now.Add(24*time.Hour))
	if len(a.failed) != 1 {
		t.Errorf("%d jobs are remembered after a day, want the newest alone", len(a.failed))
	}
}
