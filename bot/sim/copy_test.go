package sim

import (
	"errors"
	"testing"

	"darkroom/queue"
)

// TestACopyOfRedisIsOfOneMoment copies Redis while pictures are laid into the tray and taken out of it: what a copy names
// it must hold.
func TestACopyOfRedisIsOfOneMoment(t *testing.T) {
	t.Parallel()
	m := newMemory(t, 1)
	defer m.stop()
	street := &street{hosts: map[string]host{"redis": m}}
	q := m.queueBy(street.gate(), lineOptions)
	defer q.Close()
	done := make(chan error, 1)
	go func() {
		d := queue.Delivery{Job: "a", Files: []queue.Attachment{{Name: "a.png", Bytes: speck}}}
		var err error
		for i := 0; i < 300 && err == nil; i++ {
			err = errors.Join(q.PutTray(t.Context(), d), q.AckTray(t.Context(), "a"))
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
		for _, v := range m.copy() {
			held[v.kind] = true
		}
		if held["zset"] != held["list"] { // the tray and its pictures come and go together
			t.Fatalf("a copy: a tray is there: %v, its pictures are: %v", held["zset"], held["list"])
		}
	}
}
