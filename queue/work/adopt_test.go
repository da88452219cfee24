package work

import (
	"context"
	"image"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"darkroom/queue"
)

// moved plays a queue that begins epoch 2 and knows the leases of no other from then on.
type moved struct {
	bureau
	epoch   atomic.Int64
	waits   atomic.Int64 // how often Adopt answers that the job has not come yet
	adopted atomic.Int64
	refused queue.Verdict // what Adopt says in the end; OK when empty
	silent  atomic.Bool   // nothing is answered
}

func newMoved() *moved {
	m := &moved{}
	m.epoch.Store(1)
	know := func(token queue.Token) (queue.Verdict, error) {
		switch {
		case m.silent.Load():
			return "", errNet
		case token.Epoch != m.epoch.Load():
			return queue.Epoch, nil
		}
		return queue.OK, nil
	}
	m.beat = func(h queue.Held) (queue.Verdict, error) { return know(h.Token) }
	m.adopt = func(l queue.Lease) (queue.Lease, queue.Verdict, error) {
		if m.waits.Add(-1) >= 0 {
			return queue.Lease{}, queue.Epoch, nil
		}
		if m.refused != "" {
			return queue.Lease{}, m.refused, nil
		}
		m.adopted.Add(1)
		l.Token, l.Until, l.Job.Look = queue.Token{Epoch: m.epoch.Load(), Fence: 9}, time.Now().Add(lease), true
		return l, queue.OK, nil
	}
	return m
}

// Seal knows leases of its epoch alone.
func (m *moved) Seal(ctx context.Context, l queue.Lease) (queue.Verdict, error) {
	v, _ := m.beat(queue.Held{Token: l.Token})
	m.note("%s %s", v, l.Job.ID)
	return v, nil
}

// Done knows leases of its epoch alone.
func (m *moved) Done(ctx context.Context, l queue.Lease, ms int64, o queue.Outcome) (queue.Verdict, error) {
	if v, _ := m.beat(queue.Held{Token: l.Token}); v != queue.OK {
		m.note("%s %s", v, l.Job.ID)
		return v, nil
	}
	return m.bureau.Done(ctx, l, ms, o)
}

// opened starts a bench on a moved queue.
func opened(t *testing.T, m *moved, jobs ...queue.Job) *moved {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	m.events, m.jobs, m.stop, m.stopped, m.begun = make(chan queue.Event), jobs, stop, make(chan struct{}), make(chan struct{})
	bench := Bench{Queue: m, Paint: m, Post: m, Options: Options{
		Slot: "w", Lanes: func() []queue.Lane { return queue.Lanes("a") }, Lease: lease, Beat: beat, Grace: grace, Batch: m.batch,
	}}
	go func() { defer close(m.stopped); m.err = bench.Run(ctx) }()
	return m
}

func TestAPaintingOutlivesAnEpoch(t *testing.T) {
	t.Run("adopted while it is painted", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			m := newMoved()
			m.waits.Store(2)
			m.paint = func(ctx context.Context, p func(int, func() image.Image)) (Made, error) {
				time.Sleep(20 * time.Second)
				return steps(ctx, p)
			}
			opened(t, m, job("1"))
			time.Sleep(time.Second)
			m.epoch.Store(2)
			m.over()
			m.was(t, "lease 1", "paint 1", "OK 1", "post 1", "done 1") // never looked at, nor painted again
			if m.adopted.Load() != 1 {
				t.Errorf("adopted %d times, want once", m.adopted.Load())
			}
		})
	})
	t.Run("adopted at the seal", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			m := newMoved()
			m.waits.Store(1)
			opened(t, m, job("1"))
			time.Sleep(9900 * time.Millisecond) // of ten seconds of painting
			m.epoch.Store(2)
			m.over()
			m.was(t, "lease 1", "paint 1", "EPOCH 1", "OK 1", "post 1", "done 1")
		})
	})
	t.Run("adopted after the post", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			m := newMoved()
			m.post = func(context.Context) (queue.Outcome, error) {
				m.epoch.Store(2)
				return queue.Outcome{Delivered: "posted"}, nil
			}
			opened(t, m, job("1")).over()
			m.was(t, "lease 1", "paint 1", "OK 1", "post 1", "EPOCH 1", "done 1")
		})
	})
	t.Run("all of a batch", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			m := newMoved()
			m.batch = 2
			opened(t, m, job("1"), job("2"))
			time.Sleep(time.Second)
			m.epoch.Store(2)
			m.over()
			m.was(t, "lease 1", "lease 2", "paint 1", "OK 1", "post 1", "done 1", "paint 2", "OK 2", "post 2", "done 2")
		})
	})
}

// TestATrayThatIsLostIsFilledAgain has the queue begin a new epoch after pictures were left in the tray, which may have
// been lost with the old one.
func TestATrayThatIsLostIsFilledAgain(t *testing.T) {
	left := queue.Outcome{Delivered: queue.DeliveredTray}
	for name, c := range map[string]struct {
		slow time.Duration
		want []string
	}{
		"before the end is told":     {0, []string{"lease 1", "paint 1", "OK 1", "post 1", "EPOCH 1", "post 1", "done 1"}},
		"and a beat is told of that": {2 * beat, []string{"lease 1", "paint 1", "OK 1", "post 1", "post 1", "done 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				m := newMoved()
				m.post = func(context.Context) (queue.Outcome, error) {
					m.epoch.Store(2)
					time.Sleep(c.slow)
					return left, nil
				}
				opened(t, m, job("1")).over()
				m.was(t, c.want...)
			})
		})
	}
	t.Run("after it was found there", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			m := newMoved()
			m.look = func(context.Context) (bool, queue.Outcome, error) { return m.epoch.Swap(2) == 1, left, nil }
			again := job("1")
			again.Look = true
			opened(t, m, again).over()
			m.was(t, "lease 1", "look 1", "EPOCH 1", "look 1", "paint 1", "OK 1", "post 1", "done 1")
		})
	})
}

func TestAPaintingThatIsNotAdopted(t *testing.T) {
	cases := map[string]struct {
		refused queue.Verdict
		waits   int64
		want    []string
	}{
		"somebody else has it: not a word":     {queue.Stale, 0, []string{"lease 1", "paint 1"}},
		"a person cancelled it":                {queue.Cancelled, 0, []string{"lease 1", "paint 1", "stopped 1"}},
		"it never comes: it is not held on to": {"", 1 << 30, []string{"lease 1", "paint 1"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var noticed time.Duration
				at := time.Now()
				m := newMoved()
				m.refused = c.refused
				m.waits.Store(c.waits)
				m.paint = stubborn(&noticed, &at)
				opened(t, m, job("1"))
				time.Sleep(time.Second)
				at = time.Now()
				m.epoch.Store(2)
				m.over()
				m.was(t, c.want...)
				if noticed > lease+beat {
					t.Errorf("let go after %v, want a lease's time after the new epoch was met", noticed)
				}
			})
		})
	}
}

// slowAdopt answers Adopt once it is let go.
type slowAdopt struct {
	*bureau
	asked, answer chan struct{}
}

func (s *slowAdopt) Adopt(ctx context.Context, slot string, l queue.Lease) (queue.Lease, queue.Verdict, error) {
	close(s.asked)
	<-s.answer
	l.Token.Epoch++
	l.Until = time.Now().Add(30 * time.Second)
	return l, queue.OK, nil
}

func TestABeatWaitsForNoAdoption(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &slowAdopt{bureau: &bureau{}, asked: make(chan struct{}), answer: make(chan struct{})}
		b := Bench{Queue: s, Options: Options{Lease: 30 * time.Second, Log: slog.New(slog.DiscardHandler)}}
		l := queue.Lease{Job: queue.Job{ID: "1-0"}, Token: queue.Token{Epoch: 1, Fence: 1}, Until: time.Now().Add(30 * time.Second)}
		turn, _ := newTurn(t.Context(), b, l)
		defer turn.drop(nil)
		adopted := make(chan bool)
		go func() { adopted <- turn.adopt(t.Context(), l.Token) }()
		<-s.asked
		if turn.heed(t.Context(), queue.Epoch, l.Token, time.Now()) {
			t.Error("a beat during the adoption thinks that it is decided")
		}
		close(s.answer)
		if !<-adopted || turn.lease().Token.Epoch != 2 {
			t.Errorf("got %+v, want it adopted in epoch 2", turn.lease().Token)
		}
	})
}
