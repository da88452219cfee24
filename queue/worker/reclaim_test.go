package worker

import (
	"context"
	"image"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"darkroom/queue"
)

// epochFake is a queue that begins epoch 2 and knows only leases of that epoch from then on.
type epochFake struct {
	fake
	epoch           atomic.Int64
	pendingReclaims atomic.Int64 // how often Reclaim answers that the job has not come yet
	reclaimed       atomic.Int64
	refused         queue.Verdict // what Reclaim answers in the end; OK when empty
	silent          atomic.Bool   // no call is answered
}

func newEpochFake() *epochFake {
	m := &epochFake{}
	m.epoch.Store(1)
	know := func(token queue.Token) (queue.Verdict, error) {
		switch {
		case m.silent.Load():
			return "", errNet
		case token.Epoch != m.epoch.Load():
			return queue.EpochChanged, nil
		}
		return queue.OK, nil
	}
	m.heartbeat = func(h queue.HeldLease) (queue.Verdict, error) { return know(h.Token) }
	m.reclaim = func(l queue.Lease) (queue.Lease, queue.Verdict, error) {
		if m.pendingReclaims.Add(-1) >= 0 {
			return queue.Lease{}, queue.EpochChanged, nil
		}
		if m.refused != "" {
			return queue.Lease{}, m.refused, nil
		}
		m.reclaimed.Add(1)
		l.Token, l.Until, l.Job.MaybePosted = queue.Token{Epoch: m.epoch.Load(), Fence: 9}, time.Now().Add(lease), true
		return l, queue.OK, nil
	}
	return m
}

// Seal knows only leases of its epoch.
func (m *epochFake) Seal(ctx context.Context, l queue.Lease) (queue.Verdict, error) {
	v, _ := m.heartbeat(queue.HeldLease{Token: l.Token})
	m.record("%s %s", v, l.Job.ID)
	return v, nil
}

// Done knows only leases of its epoch.
func (m *epochFake) Done(ctx context.Context, l queue.Lease, ms int64, o queue.Outcome) (queue.Verdict, error) {
	if v, _ := m.heartbeat(queue.HeldLease{Token: l.Token}); v != queue.OK {
		m.record("%s %s", v, l.Job.ID)
		return v, nil
	}
	return m.fake.Done(ctx, l, ms, o)
}

// startEpochWorker starts a worker on an epochFake.
func startEpochWorker(t *testing.T, m *epochFake, jobs ...queue.Job) *epochFake {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	m.events, m.jobs, m.stop = make(chan queue.Event), jobs, stop
	m.stopped, m.begun = make(chan struct{}), make(chan struct{})
	worker := Worker{Queue: m, Renderer: m, Poster: m, Options: Options{
		Slot: "w", Lanes: func() []queue.Lane { return queue.Lanes("a") }, MaxBatch: m.maxBatch,
		Lease: lease, Heartbeat: heartbeat, Grace: grace,
	}}
	go func() { defer close(m.stopped); m.err = worker.Run(ctx) }()
	return m
}

func TestRenderContinuesAcrossAnEpoch(t *testing.T) {
	t.Run("reclaimed while it is rendered", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			m := newEpochFake()
			m.pendingReclaims.Store(2)
			m.render = func(ctx context.Context, p func(int, func() image.Image)) (Result, error) {
				time.Sleep(20 * time.Second)
				return tenSteps(ctx, p)
			}
			startEpochWorker(t, m, job("1"))
			time.Sleep(time.Second)
			m.epoch.Store(2)
			m.finish()
			m.wantCalls(t, "lease 1", "render 1", "OK 1", "post 1", "done 1") // never checked, nor rendered again
			if m.reclaimed.Load() != 1 {
				t.Errorf("reclaimed %d times, want once", m.reclaimed.Load())
			}
		})
	})
	t.Run("reclaimed at the seal", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			m := newEpochFake()
			m.pendingReclaims.Store(1)
			startEpochWorker(t, m, job("1"))
			time.Sleep(9900 * time.Millisecond) // of ten seconds of rendering
			m.epoch.Store(2)
			m.finish()
			m.wantCalls(t, "lease 1", "render 1", "EPOCH 1", "OK 1", "post 1", "done 1")
		})
	})
	t.Run("reclaimed after the post", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			m := newEpochFake()
			m.post = func(context.Context) (queue.Outcome, error) {
				m.epoch.Store(2)
				return queue.Outcome{Delivered: "posted"}, nil
			}
			startEpochWorker(t, m, job("1")).finish()
			m.wantCalls(t, "lease 1", "render 1", "OK 1", "post 1", "EPOCH 1", "done 1")
		})
	})
	t.Run("all of a batch", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			m := newEpochFake()
			m.maxBatch = 2
			startEpochWorker(t, m, job("1"), job("2"))
			time.Sleep(time.Second)
			m.epoch.Store(2)
			m.finish()
			m.wantCalls(t, "lease 1", "lease 2", "render 1", "OK 1", "post 1", "done 1", "render 2", "OK 2", "post 2", "done 2")
		})
	})
}

// TestLostUndeliveredResultIsPutAgain has the queue begin a new epoch after a result was stored as undelivered, which
// may be lost with the old epoch.
func TestLostUndeliveredResultIsPutAgain(t *testing.T) {
	left := queue.Outcome{Delivered: queue.DeliveredLater}
	for name, c := range map[string]struct {
		slow time.Duration
		want []string
	}{
		"before the end is reported": {0, []string{"lease 1", "render 1", "OK 1", "post 1", "EPOCH 1", "post 1",
			"done 1"}},
		"and a heartbeat learns of it": {2 * heartbeat, []string{"lease 1", "render 1", "OK 1", "post 1", "post 1",
			"done 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				m := newEpochFake()
				m.post = func(context.Context) (queue.Outcome, error) {
					m.epoch.Store(2)
					time.Sleep(c.slow)
					return left, nil
				}
				startEpochWorker(t, m, job("1")).finish()
				m.wantCalls(t, c.want...)
			})
		})
	}
	t.Run("after it was found there", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			m := newEpochFake()
			m.findPosted = func(context.Context) (bool, queue.Outcome, error) { return m.epoch.Swap(2) == 1, left, nil }
			again := job("1")
			again.MaybePosted = true
			startEpochWorker(t, m, again).finish()
			m.wantCalls(t, "lease 1", "find 1", "EPOCH 1", "find 1", "render 1", "OK 1", "post 1", "done 1")
		})
	})
}

func TestReclaimRefused(t *testing.T) {
	cases := map[string]struct {
		refused queue.Verdict
		waits   int64
		want    []string
	}{
		"another renderer has it": {queue.Stale, 0, []string{"lease 1", "render 1"}},
		"a person cancelled it":   {queue.Cancelled, 0, []string{"lease 1", "render 1", "confirm-cancel 1"}},
		"it never comes":          {"", 1 << 30, []string{"lease 1", "render 1"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var noticed time.Duration
				at := time.Now()
				m := newEpochFake()
				m.refused = c.refused
				m.pendingReclaims.Store(c.waits)
				m.render = renderUntilCancelled(&noticed, &at)
				startEpochWorker(t, m, job("1"))
				time.Sleep(time.Second)
				at = time.Now()
				m.epoch.Store(2)
				m.finish()
				m.wantCalls(t, c.want...)
				if noticed > lease+heartbeat {
					t.Errorf("let go after %v, want a lease's time after the new epoch was met", noticed)
				}
			})
		})
	}
}

// slowReclaim answers Reclaim once it is released.
type slowReclaim struct {
	*fake
	asked, answer chan struct{}
}

func (s *slowReclaim) Reclaim(ctx context.Context, slot string, l queue.Lease) (queue.Lease, queue.Verdict, error) {
	close(s.asked)
	<-s.answer
	l.Token.Epoch++
	l.Until = time.Now().Add(30 * time.Second)
	return l, queue.OK, nil
}

func TestHeartbeatDoesNotWaitForReclaim(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &slowReclaim{fake: &fake{}, asked: make(chan struct{}), answer: make(chan struct{})}
		b := Worker{Queue: s, Options: Options{Lease: 30 * time.Second, Log: slog.New(slog.DiscardHandler)}}
		l := queue.Lease{Job: queue.Job{ID: "1-0"}, Token: queue.Token{Epoch: 1, Fence: 1},
			Until: time.Now().Add(30 * time.Second)}
		run, _ := newJobRun(t.Context(), b, l)
		defer run.cancelLease(nil)
		reclaimed := make(chan bool)
		go func() { reclaimed <- run.reclaim(t.Context(), l.Token) }()
		<-s.asked
		if run.applyVerdict(t.Context(), queue.EpochChanged, l.Token, time.Now()) {
			t.Error("a heartbeat during the reclaim takes it for decided")
		}
		close(s.answer)
		if !<-reclaimed || run.lease().Token.Epoch != 2 {
			t.Errorf("got %+v, want it reclaimed in epoch 2", run.lease().Token)
		}
	})
}
