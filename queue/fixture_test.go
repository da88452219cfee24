package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Every test of the queue runs twice: on the embedded server and on a real one. The clock is the test's own on both.

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fixture is a queue under test. Its short methods fail the test on an error and check the invariants after each call.
type fixture struct {
	testing.TB
	*Queue
	ctx   context.Context
	clock *clock
	epoch int64
	calls int
}

var pools atomic.Int64

// backends names the servers every test runs on.
var backends = map[string]func(testing.TB, Options) *Queue{
	"embedded": func(_ testing.TB, o Options) *Queue { return Embedded(o) },
	"redis": func(t testing.TB, o Options) *Queue {
		q, err := Dial(sharedServer.url(t), o)
		if err != nil {
			t.Fatal(err)
		}
		return q
	},
}

// onEachBackend runs a test on every backend, on a queue of its own in epoch 1.
func onEachBackend(t *testing.T, o Options, test func(*fixture)) {
	t.Helper()
	t.Parallel()
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newFixture(t, o, open))
		})
	}
}

func newFixture(t testing.TB, o Options, open func(testing.TB, Options) *Queue) *fixture {
	c := &clock{now: time.UnixMilli(1_700_000_000_000)}
	o.Pool, o.Now = fmt.Sprintf("test %d", pools.Add(1)), c.Now
	r := &fixture{TB: t, Queue: open(t, o), ctx: t.Context(), clock: c, epoch: 1}
	t.Cleanup(func() { _ = r.Close() })
	if err := r.BeginEpoch(r.ctx, 1); err != nil {
		t.Fatal(err)
	}
	return r
}

// job is a plain job of lane "a".
func job(id, server, user string) Job {
	return Job{ID: id, Lane: "a", Server: server, User: user, Cost: 1000, Spec: []byte(`{"v":1}`), Address: []byte(`{}`)}
}

func (r *fixture) enqueue(jobs ...Job) {
	r.Helper()
	for _, j := range jobs {
		if _, err := r.Enqueue(r.ctx, r.epoch, j); err != nil {
			r.Fatal(err)
		}
		r.checkInvariants()
	}
}

// enqueueMany enqueues n jobs of one user: id-0, id-1 and so on.
func (r *fixture) enqueueMany(n int, j Job) {
	r.Helper()
	for i := range n {
		k := j
		k.ID = fmt.Sprintf("%s-%d", j.ID, i)
		r.enqueue(k)
	}
}

// lease leases one job of lane "a", or returns false.
func (r *fixture) lease(slot string) (Lease, bool) {
	r.Helper()
	l := r.reserve(slot, Capacity{Lanes: Lanes("a"), MaxJobs: 1})
	if len(l) == 0 {
		return Lease{}, false
	}
	return l[0], true
}

func (r *fixture) reserve(slot string, o Capacity) []Lease {
	r.Helper()
	r.calls++
	l, err := r.Reserve(r.ctx, slot, fmt.Sprint("call ", r.calls), o)
	if err != nil {
		r.Fatal(err)
	}
	r.checkInvariants()
	return l
}

// mustLease leases a job that must be next.
func (r *fixture) mustLease(slot, id string) Lease {
	r.Helper()
	l, ok := r.lease(slot)
	if !ok || l.Job.ID != id {
		r.Fatalf("leased %q, want %q", l.Job.ID, id)
	}
	return l
}

// mustLeaseNone checks that there is no job to lease.
func (r *fixture) mustLeaseNone() {
	r.Helper()
	if l, ok := r.lease("nobody"); ok {
		r.Fatalf("leased %q, want none", l.Job.ID)
	}
}

// wantVerdict checks a verdict.
func (r *fixture) wantVerdict(want Verdict) func(got Verdict, err error) {
	return func(got Verdict, err error) {
		r.Helper()
		if err != nil || got != want {
			r.Fatalf("verdict %q, error %v; want %q", got, err, want)
		}
		r.checkInvariants()
	}
}

func (r *fixture) heartbeat(l Lease, percent int) (Verdict, error) {
	v, err := r.Heartbeat(r.ctx, l.Slot, []HeldLease{{ID: l.Job.ID, Token: l.Token, Percent: percent}})
	if err != nil {
		return "", err
	}
	return v[0], nil
}

func (r *fixture) finish(l Lease) {
	r.Helper()
	r.wantVerdict(OK)(r.Seal(r.ctx, l))
	r.wantVerdict(OK)(r.Done(r.ctx, l, l.Job.Cost, Outcome{Delivered: "posted"}))
}

func (r *fixture) mustCancel(id string, want CancelResult) {
	r.Helper()
	got, err := r.Cancel(r.ctx, id, "somebody")
	if err != nil || got != want {
		r.Fatalf("cancel %s: %q, error %v; want %q", id, got, err, want)
	}
	r.checkInvariants()
}

func (r *fixture) mustReap(want int) {
	r.Helper()
	got, err := r.Reap(r.ctx)
	if err != nil || got != want {
		r.Fatalf("reaped %d, error %v; want %d", got, err, want)
	}
	r.checkInvariants()
}

// expire lets every lease run out and reaps.
func (r *fixture) expire(want int) {
	r.Helper()
	r.clock.advance(r.opts.Lease + time.Second)
	r.mustReap(want)
}

func (r *fixture) mustFail(l Lease, retry, wantFinal bool) {
	r.Helper()
	final, err := r.Queue.Fail(r.ctx, l, "no luck", retry)
	if err != nil || final != wantFinal {
		r.Fatalf("final %v, error %v; want %v", final, err, wantFinal)
	}
	r.checkInvariants()
}

// events returns all events so far, without queued and epoch.
func (r *fixture) events() (all []Event) {
	r.Helper()
	last, err := r.newestEventID(r.ctx, r.db)
	if err != nil {
		r.Fatal(err)
	}
	errEnough := errors.New("enough")
	err = r.Watch(r.ctx, "0-0", func(e Event) error {
		if e.Kind != JobQueued && e.Kind != EpochBegan {
			all = append(all, e)
		}
		if e.ID == last {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		r.Fatal(err)
	}
	return all
}

// wantEvents checks the events so far, each as "leased x".
func (r *fixture) wantEvents(want ...string) {
	r.Helper()
	var got []string
	for _, e := range r.events() {
		got = append(got, string(e.Kind)+" "+e.Job)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		r.Fatalf("events %q, want %q", got, want)
	}
}
