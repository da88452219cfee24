package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"darkroom/queue"
)

// The tests run in bubbles of testing/synctest: time stands still while any goroutine can go on, and waiting for a
// timer costs nothing.

// renderFunc is Renderer.Render without the lease.
type renderFunc func(ctx context.Context, progress func(int, func() image.Image)) (Result, error)

// fake is queue, renderer and poster at once, and records the calls. Each func field replaces its default: lease the
// jobs, succeed, render ten steps of a second, post at once.
type fake struct {
	mu    sync.Mutex
	calls []string
	jobs  []queue.Job
	fence int64

	cancelled bool // leased jobs were cancelled while they waited

	events      chan queue.Event
	reserve     func() error
	heartbeat   func(queue.HeldLease) (queue.Verdict, error)
	seal        func() (queue.Verdict, error)
	endErr      func() error                   // Done, Release, ConfirmCancel
	fail        func() (final bool, err error) // Fail, Crashed
	reclaim     func(queue.Lease) (queue.Lease, queue.Verdict, error)
	render      renderFunc
	findPosted  func(ctx context.Context) (bool, queue.Outcome, error)
	post        func(ctx context.Context) (queue.Outcome, error)
	progress    func(ctx context.Context, percent int) error
	postFailure func() error

	nonces         []string
	shownPercents  []int // shown
	heartbeats     int
	reaps          int
	outcome        queue.Outcome
	actual         int64
	reason         string
	log            bytes.Buffer
	stop           context.CancelFunc
	stopped        chan struct{}
	err            error         // of Run, once stopped
	begun          chan struct{} // closed when a job has begun: heartbeats are not answered before
	once           sync.Once
	maxBatch       int
	rendersBatches bool // the renderer is a BatchRenderer

	idle func(ctx context.Context) (more bool) // Options.Idle
}

// batchFake is a fake that renders a batch together.
type batchFake struct{ *fake }

// BeginBatch records the batch, and which jobs leave it.
func (g batchFake) BeginBatch(jobs []string) func(string) {
	g.record("begin-batch %s", strings.Join(jobs, " "))
	return func(job string) { g.record("leave-batch %s", job) }
}

const (
	lease     = 30 * time.Second
	heartbeat = 8 * time.Second
	grace     = 15 * time.Second
)

// startWorker starts a worker on the fake, with jobs.
func startWorker(t *testing.T, b *fake, jobs ...queue.Job) *fake {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	b.events, b.jobs, b.stop = make(chan queue.Event), jobs, stop
	b.stopped, b.begun = make(chan struct{}), make(chan struct{})
	var renderer Renderer = b
	if b.rendersBatches {
		renderer = batchFake{b}
	}
	worker := Worker{Queue: b, Renderer: renderer, Poster: b, Options: Options{
		Slot: "w", Lanes: func() []queue.Lane { return queue.Lanes("a") }, MaxBatch: b.maxBatch,
		Lease: lease, Heartbeat: heartbeat, Grace: grace, Idle: b.idle,
		Log: slog.New(slog.NewTextHandler(&lockedWriter{b: b}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}}
	go func() {
		defer close(b.stopped)
		if b.err = worker.Run(ctx); b.err != nil && !errors.Is(b.err, ErrHung) {
			t.Errorf("run: %v", b.err)
		}
	}()
	return b
}

// finish waits until the worker has stopped, or until it has had nothing to do for a minute and is stopped.
func (b *fake) finish() {
	time.Sleep(time.Minute)
	b.stop()
	<-b.stopped
}

// inBubble runs a test in virtual time.
func inBubble(t *testing.T, test func(*testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

type lockedWriter struct{ b *fake }

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	return w.b.log.Write(p)
}

func (b *fake) record(format string, a ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, fmt.Sprintf(format, a...))
}

// setReason keeps the reason of the newest failure. Jobs of a batch fail at the same time.
func (b *fake) setReason(reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reason = reason
}

// wantCalls checks the recorded calls, in order.
func (b *fake) wantCalls(t *testing.T, want ...string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(b.calls, want) {
		t.Errorf("calls %q, want %q\nlog:\n%s", b.calls, want, b.log.String())
	}
}

func (b *fake) wantLogged(t *testing.T, text string, want bool) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if strings.Contains(b.log.String(), text) != want {
		t.Errorf("%q in the log is %v, want %v:\n%s", text, !want, want, b.log.String())
	}
}

// addJob adds a job, without an event.
func (b *fake) addJob(j queue.Job) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.jobs = append(b.jobs, j)
}

// Reserve leases the first jobs.
func (b *fake) Reserve(_ context.Context, slot, nonce string, o queue.Capacity) ([]queue.Lease, error) {
	b.mu.Lock()
	b.nonces = append(b.nonces, nonce)
	b.mu.Unlock()
	if b.reserve != nil {
		if err := b.reserve(); err != nil {
			return nil, err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var leases []queue.Lease
	for len(b.jobs) > 0 && len(leases) < o.MaxJobs {
		j := b.jobs[0]
		b.jobs = b.jobs[1:]
		b.fence++
		b.calls = append(b.calls, "lease "+j.ID)
		leases = append(leases, queue.Lease{Job: j, Slot: slot, Attempt: 1, Until: time.Now().Add(lease),
			Cancelled: b.cancelled, Token: queue.Token{Epoch: 1, Fence: b.fence}})
	}
	return leases, nil
}

// Heartbeat answers OK, once a job has begun: the order of the first heartbeat and the first step is not known.
func (b *fake) Heartbeat(ctx context.Context, _ string, held []queue.HeldLease) ([]queue.Verdict, error) {
	select {
	case <-b.begun:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	b.mu.Lock()
	b.heartbeats++
	b.mu.Unlock()
	verdicts := make([]queue.Verdict, len(held))
	for i, h := range held {
		verdicts[i] = queue.OK
		if b.heartbeat != nil {
			v, err := b.heartbeat(h)
			if err != nil {
				return nil, err
			}
			verdicts[i] = v
		}
	}
	return verdicts, nil
}

// Reclaim says that another renderer has the job.
func (b *fake) Reclaim(_ context.Context, _ string, l queue.Lease) (queue.Lease, queue.Verdict, error) {
	if b.reclaim == nil {
		return queue.Lease{}, queue.Stale, nil
	}
	return b.reclaim(l)
}

// Crashed is not final.
func (b *fake) Crashed(_ context.Context, l queue.Lease, reason string) (bool, error) {
	b.record("crashed %s", l.Job.ID)
	b.setReason(reason)
	if b.fail != nil {
		return b.fail()
	}
	return false, nil
}

// Reap counts.
func (b *fake) Reap(context.Context) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reaps++
	return 0, nil
}

// Watch handles what is sent into events.
func (b *fake) Watch(ctx context.Context, _ string, what func(queue.Event) error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-b.events:
			if err := what(e); err != nil {
				return err
			}
		}
	}
}

// Seal answers OK.
func (b *fake) Seal(_ context.Context, l queue.Lease) (queue.Verdict, error) {
	b.record("seal %s", l.Job.ID)
	if b.seal != nil {
		return b.seal()
	}
	return queue.OK, nil
}

func (b *fake) end(verb string, l queue.Lease) (queue.Verdict, error) {
	b.record("%s %s", verb, l.Job.ID)
	if b.endErr != nil {
		if err := b.endErr(); err != nil {
			return "", err
		}
	}
	return queue.OK, nil
}

// Done records the outcome.
func (b *fake) Done(_ context.Context, l queue.Lease, actual int64, o queue.Outcome) (queue.Verdict, error) {
	b.mu.Lock()
	b.outcome, b.actual = o, actual
	b.mu.Unlock()
	return b.end("done", l)
}

// Release answers OK.
func (b *fake) Release(_ context.Context, l queue.Lease) (queue.Verdict, error) {
	return b.end("release", l)
}

// Postpone answers OK.
func (b *fake) Postpone(_ context.Context, l queue.Lease) (queue.Verdict, error) {
	return b.end("postpone", l)
}

// ConfirmCancel answers OK.
func (b *fake) ConfirmCancel(_ context.Context, l queue.Lease) (queue.Verdict, error) {
	return b.end("confirm-cancel", l)
}

// Fail is final if no retry was asked for.
func (b *fake) Fail(_ context.Context, l queue.Lease, reason string, retry bool) (bool, error) {
	b.record("fail %s retry=%v", l.Job.ID, retry)
	b.setReason(reason)
	if b.fail != nil {
		return b.fail()
	}
	return !retry, nil
}
