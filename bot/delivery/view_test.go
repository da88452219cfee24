package delivery

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"darkroom/queue"
)

// emptyQueue is a queue in which nobody waits yet.
type emptyQueue struct{ now func() time.Time }

func (q emptyQueue) Snapshot(context.Context) (queue.Snapshot, error) {
	return queue.Snapshot{At: q.now()}, nil
}

func (emptyQueue) Renderers(context.Context) ([]queue.Renderer, error) {
	return []queue.Renderer{{Slot: "easel", Lanes: queue.Lanes("lane")}}, nil
}

func TestNewcomersOfAMomentAreAddedTogether(t *testing.T) {
	t.Parallel()
	const many = 100
	v := newQueueView(emptyQueue{time.Now}, time.Now)
	v.round <- struct{}{} // as if another round were going on
	var all sync.WaitGroup
	answers := make([]*newcomer, many)
	for i := range many {
		all.Go(func() {
			answers[i] = v.add(t.Context(), queue.Job{
				ID: fmt.Sprint(i), Lane: "lane", Server: fmt.Sprint("g", i%10), User: fmt.Sprint("u", i), Cost: 1000,
			})
		})
	}
	waiting := func() int {
		v.mu.Lock()
		defer v.mu.Unlock()
		return len(v.newcomers)
	}
	for waiting() < many {
		time.Sleep(time.Millisecond)
	}
	<-v.round
	all.Wait()
	positions := map[int]bool{}
	for _, n := range answers {
		if n.err != nil || n.status.ID != n.job.ID || n.snapshot.Waiting != many {
			t.Fatalf("job %s: got %v, %+v of %d; want it among all %d", n.job.ID, n.err, n.status, n.snapshot.Waiting, many)
		}
		if _, known := n.estimates[n.job.ID]; !known {
			t.Errorf("job %s has no ETA", n.job.ID)
		}
		positions[n.status.Position] = true
	}
	if len(positions) != many {
		t.Errorf("positions: got %d, want %d different ones", len(positions), many)
	}
}
