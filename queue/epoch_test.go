package queue

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestEpochBeginsOnAnEmptyQueue(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "u"))
		l := r.mustLease("w", "1-0")
		if err := r.BeginEpoch(r.ctx, 3); err != nil {
			r.Fatal(err)
		}
		r.epoch = 3
		r.checkInvariants()
		if now, empty, err := r.Queue.Epoch(r.ctx); now != 3 || empty || err != nil {
			r.Errorf("epoch %d, empty %v, %v; want 3", now, empty, err)
		}
		r.mustLeaseNone()
		r.wantVerdict(EpochChanged)(r.heartbeat(l, 0))
		r.wantVerdict(EpochChanged)(r.Seal(r.ctx, l))
		r.wantVerdict(EpochChanged)(r.Done(r.ctx, l, 1, Outcome{}))
		r.wantVerdict(EpochChanged)(r.Release(r.ctx, l))
		if _, err := r.Queue.Fail(r.ctx, l, "", true); !errors.Is(err, ErrEpoch) {
			r.Errorf("fail in an old epoch: %v, want ErrEpoch", err)
		}
		if _, err := r.Enqueue(r.ctx, 1, job("3-0", "s", "u")); !errors.Is(err, ErrEpoch) {
			r.Errorf("enqueue in an old epoch: %v, want ErrEpoch", err)
		}
		again := job("1-0", "s", "u")
		again.MaybePosted = true
		r.enqueue(again)
		l2 := r.mustLease("w", "1-0")
		if l2.Token.Epoch != 3 || l2.Token.Fence != l.Token.Fence || !l2.Job.MaybePosted {
			r.Errorf("leased %+v: want epoch 3, a new count of fences, and MaybePosted as enqueued", l2)
		}
		r.wantVerdict(EpochChanged)(r.Seal(r.ctx, l))
		r.finish(l2)
	})
}

func TestBeginIsRepeatableAndNeverGoesBack(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		if err := r.BeginEpoch(r.ctx, 1); err != nil {
			r.Errorf("begun again: %v", err)
		}
		r.mustLease("w", "1-0")
		if err := r.BeginEpoch(r.ctx, 5); err != nil {
			r.Fatal(err)
		}
		if err := r.BeginEpoch(r.ctx, 4); !errors.Is(err, ErrEpoch) || !strings.Contains(err.Error(), "5") {
			r.Errorf("an older epoch: %v, want ErrEpoch and the current one", err)
		}
	})
}

func TestASlowSweepLeavesALaterEpochAlone(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		if err := r.BeginEpoch(r.ctx, 12); err != nil {
			r.Fatal(err)
		}
		r.epoch = 12
		r.enqueue(job("1-0", "s", "u"))
		if err := r.sweep(r.ctx, 9); err != nil { // of a process that has just begun epoch 9
			r.Fatal(err)
		}
		r.checkInvariants()
		r.mustLease("w", "1-0")
	})
}

func TestNothingWorksBeforeTheFirstEpoch(t *testing.T) {
	t.Parallel()
	q := Embedded(Options{})
	t.Cleanup(func() { _ = q.Close() })
	ctx := t.Context()
	if now, empty, err := q.Epoch(ctx); now != 0 || !empty || err != nil {
		t.Errorf("epoch %d, empty %v, %v; want none", now, empty, err)
	}
	_, err := q.Reserve(ctx, "w", "n", Capacity{Lanes: Lanes("a")})
	for name, err := range map[string]error{
		"reserve": err, "put input": q.PutInput(ctx, strings.Repeat("0", 64), nil),
	} {
		if !errors.Is(err, ErrEpoch) {
			t.Errorf("%s: %v, want ErrEpoch", name, err)
		}
	}
	if err := q.BeginEpoch(ctx, 0); err == nil {
		t.Error("epoch 0 was begun")
	}
}

// A server that is killed and comes back without its data is noticed, gets a new epoch and is filled again.
func TestKilledServerGetsANewEpoch(t *testing.T) {
	t.Parallel()
	own := &realServer{}
	address := own.url(t)
	t.Cleanup(own.stop)
	r := newFixture(t, Options{}, func(t testing.TB, o Options) *Queue {
		q, err := Dial(address, o)
		if err != nil {
			t.Fatal(err)
		}
		return q
	})
	r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "u"))
	l := r.mustLease("w", "1-0")
	at, err := r.newestEventID(r.ctx, r.db)
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan Event, 20)
	ctx, cancel := context.WithCancel(r.ctx)
	t.Cleanup(cancel)
	go func() { _ = r.Watch(ctx, at, func(e Event) error { heard <- e; return nil }) }()
	r.wantVerdict(OK)(r.heartbeat(l, 1))
	waitFor(t, heard, JobProgress)

	own.kill()
	if _, err := r.Enqueue(r.ctx, 1, job("3-0", "s", "u")); err == nil {
		t.Fatal("a dead server accepted a job")
	}
	if why := own.start(); why != "" {
		t.Fatal(why)
	}
	if _, err := r.Enqueue(r.ctx, 1, job("3-0", "s", "u")); !errors.Is(err, ErrEpoch) {
		t.Errorf("enqueue into the void: %v, want ErrEpoch", err)
	}
	r.wantVerdict(EpochChanged)(r.heartbeat(l, 50))
	if _, empty, err := r.Queue.Epoch(r.ctx); !empty || err != nil {
		t.Errorf("empty %v, %v; want true", empty, err)
	}
	if err := r.BeginEpoch(r.ctx, 2); err != nil {
		t.Fatal(err)
	}
	r.epoch = 2
	waitFor(t, heard, EpochBegan) // the watcher continues although its position was lost
	r.enqueue(job("1-0", "s", "u"), job("2-0", "s", "u"), job("3-0", "s", "u"))
	r.wantVerdict(EpochChanged)(r.Seal(r.ctx, l))
	for _, id := range []string{"1-0", "2-0", "3-0"} {
		r.finish(r.mustLease("w", id))
	}
}

// A server that restarted may have lost acknowledged writes, even if its data came back.
func TestARestartedServerIsNotTrusted(t *testing.T) {
	t.Parallel()
	r := newFixture(t, Options{}, backends["redis"])
	if err := r.db.HSet(r.ctx, r.opts.rootKey(), "run", "another").Err(); err != nil {
		t.Fatal(err)
	}
	if now, empty, err := r.Queue.Epoch(r.ctx); now != 1 || !empty || err != nil {
		t.Errorf("epoch %d, empty %v, %v; want 1 and empty", now, empty, err)
	}
}

func waitFor(t *testing.T, events <-chan Event, kind EventKind) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for {
		select {
		case e := <-events:
			if e.Kind == kind {
				return
			}
		case <-limit:
			t.Fatalf("no %s event came", kind)
		}
	}
}
