package sim

import (
	"errors"
	"testing"

	"darkroom/queue"
)

// TestRedisCopyIsAtomic copies Redis while a process puts and acknowledges undelivered results. A copy must hold both
// the index of undelivered results and their pictures, or neither.
func TestRedisCopyIsAtomic(t *testing.T) {
	t.Parallel()
	r := newRedis(t, 1)
	defer r.stop()
	net := &network{hosts: map[string]host{"redis": r}}
	q := r.openQueue(net.gate(), queueOptions)
	defer q.Close()
	done := make(chan error, 1)
	go func() {
		d := queue.Undelivered{Job: "a", Files: []queue.Attachment{{Name: "a.png", Bytes: onePixelPNG}}}
		var err error
		for i := 0; i < 300 && err == nil; i++ {
			err = errors.Join(q.PutUndelivered(t.Context(), d), q.AckUndelivered(t.Context(), "a"))
		}
		done <- err
	}()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			return
		default:
		}
		held := map[string]bool{}
		for _, v := range r.copy() {
			held[v.kind] = true
		}
		if held["zset"] != held["list"] {
			t.Fatalf("a copy holds the index: %v, the pictures: %v; want the same", held["zset"], held["list"])
		}
	}
}
