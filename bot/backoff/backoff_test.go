package backoff

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestBackoffGrowsAndIsBounded(t *testing.T) {
	t.Parallel()
	b := New(time.Nanosecond, 8*time.Nanosecond)
	for range 10 {
		if err := b.Wait(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if b.next != 8*time.Nanosecond {
		t.Errorf("wait: got %v, want the most", b.next)
	}
	b.Reset()
	if b.next != time.Nanosecond {
		t.Errorf("wait after a reset: got %v, want the first", b.next)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := New(time.Hour, time.Hour).Wait(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("wait: got %v, want that it was cancelled", err)
	}
}
