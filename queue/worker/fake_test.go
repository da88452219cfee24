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

// The tests run in bubbles: time stands still while anybody can go on, and a timer's wait costs nothing.

// bureau plays queue, painter and poster, and writes down what they were asked. Each func field replaces what it does
// by itself: lend what lies there, agree to everything, paint ten steps of a second, post at once.
type fake struct {
	mu    sync.Mutex
	calls []string
	jobs  []queue.Job
	fence int64

	cancelled bool // what is lent was cancelled while it waited

	events      chan queue.Event
	reserve     func() error
	heartbeat   func(queue.HeldLease) (queue.Verdict, error)
	seal        func() (queue.Verdict, error)
	endErr      func() error                   // Done, Release, Stopped
	fail        func() (final bool, err error) // Fail, Crashed
	reclaim     func(queue.Lease) (queue.Lease, queue.Verdict, error)
	render      func(ctx context.Context, progress func(int, func() image.Image)) (Result, error)
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
	begun          chan struct{} // closed when a job was begun: beats are not answered before
	once           sync.Once
	maxBatch       int
	rendersBatches bool // the painter paints a batch at once
}

// gatherer is a bureau that paints a batch at once.
type batchFake struct{ *fake }

// Gather notes who is gathered, and who is over.
func (g batchFake) BeginBatch(jobs []string) func(string) {
	g.record("gather %s", strings.Join(jobs, " "))
	return func(job string) { g.record("over %s", job) }
}

const (
	lease     = 30 * time.Second
	heartbeat = 8 * time.Second
	grace     = 15 * time.Second
)

// open starts a bench in the bureau and lays jobs before it.
func startWorker(t *testing.T, b *fake, jobs ...queue.Job) *fake {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	b.events, b.jobs, b.stop, b.stopped, b.begun = make(chan queue.Event), jobs, stop, make(chan struct{}), make(chan struct{})
	var renderer Renderer = b
	if b.rendersBatches {
		renderer = batchFake{b}
	}
	worker := Worker{Queue: b, Renderer: renderer, Poster: b, Options: Options{
		Slot: "w", Lanes: func() []queue.Lane { return queue.Lanes("a") }, Lease: lease, Heartbeat: heartbeat, Grace: grace, MaxBatch: b.maxBatch,
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

// over waits until the bench has stopped, or until it can do no more for a minute and is stopped.
func (b *fake) finish() {
	time.Sleep(time.Minute)
	b.stop()
	<-b.stopped
}

// bubble runs a test in virtual time.
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

// was proves what the parts were asked, in order.
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

// give lays a job down, without an event.
func (b *fake) addJob(j queue.Job) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.jobs = append(b.jobs, j)
}

// Reserve lends the first jobs.
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
		leases = append(leases, queue.Lease{Job: j, Slot: slot, Attempt: 1, Until: time.Now().Add(lease), Cancelled: b.cancelled, Token: queue.Token{Epoch: 1, Fence: b.fence}})
	}
	return leases, nil
}

// Beat agrees, once a job was begun: nobody knows which is first, the first beat or the first step.
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

// Adopt says that somebody else has the job.
func (b *fake) Reclaim(_ context.Context, _ string, l queue.Lease) (queue.Lease, queue.Verdict, error) {
	if b.reclaim == nil {
		return queue.Lease{}, queue.Stale, nil
	}
	return b.reclaim(l)
}

// Crashed is not final.
func (b *fake) Crashed(_ context.Context, l queue.Lease, reason string) (bool, error) {
	b.record("crashed %s", l.Job.ID)
	b.reason = reason
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

// Watch tells what is sent into events.
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

// Seal agrees.
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

// Done notes the outcome.
func (b *fake) Done(_ context.Context, l queue.Lease, actual int64, o queue.Outcome) (queue.Verdict, error) {
	b.outcome, b.actual = o, actual
	return b.end("done", l)
}

// Release agrees.
func (b *fake) Release(_ context.Context, l queue.Lease) (queue.Verdict, error) {
	return b.end("release", l)
}

// Postpone agrees.
func (b *fake) Postpone(_ context.Context, l queue.Lease) (queue.Verdict, error) {
	return b.end("postpone", l)
}

// Stopped agrees.
func (b *fake) ConfirmCancel(_ context.Context, l queue.Lease) (queue.Verdict, error) {
	return b.end("stopped", l)
}

// Fail is final if no retry was asked for.
func (b *fake) Fail(_ context.Context, l queue.Lease, reason string, retry bool) (bool, error) {
	b.record("fail %s retry=%v", l.Job.ID, retry)
	b.reason = reason
	if b.fail != nil {
		return b.fail()
	}
	return !retry, nil
}
