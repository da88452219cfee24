package onnx

import (
	"errors"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestLockedThread: all functions run on one thread, one after the other, whoever asks.
func TestLockedThread(t *testing.T) {
	t.Parallel()
	var thread lockedThread
	ids, running := map[int]int{}, 0
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				wrong := errors.New("wrong")
				if err := thread.do(func() error {
					running++ // no lock: they run one after the other
					ids[unix.Gettid()] += running
					running--
					return wrong
				}); !errors.Is(err, wrong) {
					t.Errorf("got %v, want the function's error", err)
				}
			}
		})
	}
	all.Wait()
	thread.stop()
	if len(ids) != 1 {
		t.Errorf("ran on %d threads: %v", len(ids), ids)
	}
	for _, n := range ids {
		if n != 160 {
			t.Errorf("%d runs alone, want 160", n)
		}
	}
}
