package queue

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// verifyJobs are a backlog in which every kind of key exists: jobs wait in two lanes, one is leased, one is sealed, one
// is delayed, and one has an input image.
func (r *fixture) verifyJobs() (all []Job) {
	r.Helper()
	for i := range 4 {
		for _, lane := range []string{"a", "b"} {
			j := job(fmt.Sprintf("%s-%d", lane, i), fmt.Sprint("s", i%2), "u")
			j.Lane, j.MaxRunning = lane, 2
			all = append(all, j)
		}
	}
	all[7].Inputs = []string{sha("a")}
	all[6].Lane = "1:a:x"
	all[6].Needs = laneNeeds["1:a:x"]
	if err := r.PutInput(r.ctx, sha("a"), []byte("x")); err != nil {
		r.Fatal(err)
	}
	r.enqueue(all...)
	r.mustFail(r.mustLease("w", "a-0"), true, false)
	if _, ok := r.lease("w"); !ok {
		r.Fatal("nothing to lease")
	}
	l, ok := r.lease("w2")
	if !ok {
		r.Fatal("nothing more to lease")
	}
	r.wantVerdict(OK)(r.Seal(r.ctx, l))
	return all
}

// TestEveryLostKeyIsFound deletes one key at a time, as a server does that evicts, and goes on as the bot does: every
// job ends, each once.
func TestEveryLostKeyIsFound(t *testing.T) {
	// See verify.lua and docs/queue.md.
	harmless := []string{"reserves", "idle", "ended", "passedover", "inputs", "addons", "able"}
	onEachBackend(t, Options{}, func(r *fixture) {
		kinds := map[string]bool{}
		for i := 0; ; i++ {
			keys := r.startVerify()
			if i == len(keys) {
				break
			}
			key, _ := strings.CutPrefix(keys[i], r.opts.epochPrefix(r.epoch))
			kind, _, _ := strings.Cut(key, ":")
			if slices.Contains(harmless, kind) {
				continue
			}
			kinds[kind] = true
			if err := r.db.Del(r.ctx, keys[i]).Err(); err != nil {
				r.Fatal(err)
			}
			lost, err := r.Verify(r.ctx)
			if err != nil || lost == "" {
				r.Errorf("%s was deleted: found %q, %v", key, lost, err)
			}
			if _, empty, err := r.Queue.Epoch(r.ctx); !empty || err != nil {
				r.Errorf("%s was deleted: the queue is trusted (%v)", key, err)
			}
			if _, err := r.Reserve(r.ctx, "w3", "n", Capacity{Lanes: Lanes("a", "b")}); !errors.Is(err, ErrEpoch) {
				r.Errorf("%s was deleted: reserve says %v, want ErrEpoch", key, err)
			}
		}
		if len(kinds) < 15 {
			r.Errorf("tried only %v", kinds)
		}
	})
}

// startVerify begins an epoch, fills it, and returns its keys in order. A backlog that is whole must be found whole.
func (r *fixture) startVerify() []string {
	r.Helper()
	r.epoch++
	if err := r.BeginEpoch(r.ctx, r.epoch); err != nil {
		r.Fatal(err)
	}
	r.verifyJobs()
	if lost, err := r.Verify(r.ctx); lost != "" || err != nil {
		r.Fatalf("a whole queue: %q lost, %v", lost, err)
	}
	keys := r.db.Keys(r.ctx, globQuote(r.opts.epochPrefix(r.epoch))+"*").Val()
	slices.Sort(keys)
	return keys
}

// TestNoLostKeyBreaksAScript deletes one key at a time and goes on without Verify, as renderers do. No call may return
// what it cannot read, or an error that lasts: after a few rounds each job has ended, or a key is known to be lost.
func TestNoLostKeyBreaksAScript(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		for i := 0; ; i++ {
			keys := r.startVerify()
			if i == len(keys) {
				break
			}
			if err := r.db.Del(r.ctx, keys[i]).Err(); err != nil {
				r.Fatal(err)
			}
			r.drainDamaged(strings.TrimPrefix(keys[i], r.opts.epochPrefix(r.epoch)))
		}
	})
}

// verifyCapacity takes the lanes of all jobs.
var verifyCapacity = Capacity{Lanes: Lanes("a", "b", "1:a"), Addons: NewAddons(sha("1"))}

func (r *fixture) drainDamaged(lost string) {
	r.Helper()
	for n := range 20 {
		r.clock.advance(r.opts.Lease + time.Second)
		_, _ = r.Reap(r.ctx) // a script that breaks marks the epoch as damaged
		leases, err := r.Reserve(r.ctx, "w", fmt.Sprint("n", n), verifyCapacity)
		if errors.Is(err, ErrEpoch) {
			return
		}
		if err != nil && !metNil(err) {
			r.Fatalf("%s was deleted: reserve says %v", lost, err)
		}
		for _, l := range leases {
			_, _ = r.Seal(r.ctx, l)
			_, _ = r.Done(r.ctx, l, 1, Outcome{})
		}
	}
	waiting, running, err := r.Counts(r.ctx)
	if err != nil {
		r.Fatal(err)
	}
	if found, err := r.Verify(r.ctx); waiting+running != 0 && found == "" {
		r.Errorf("%s was deleted: %d wait and %d run for ever (%v)", lost, waiting, running, err)
	}
}

func TestLostInputComesAgain(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		j := job("1-0", "s", "u")
		j.Inputs = []string{sha("a")}
		if err := r.PutInput(r.ctx, sha("a"), []byte("x")); err != nil {
			r.Fatal(err)
		}
		r.enqueue(j)
		r.mustLease("w", "1-0")
		prefix := r.opts.epochPrefix(r.epoch)
		if err := r.db.Del(r.ctx, prefix+"input:"+sha("a"), prefix+"refs").Err(); err != nil {
			r.Fatal(err)
		}
		if _, err := r.Input(r.ctx, sha("a")); !errors.Is(err, ErrEpoch) {
			r.Errorf("an input that a renderer needs: %v, want ErrEpoch", err)
		}
		if _, err := r.Input(r.ctx, sha("b")); !errors.Is(err, ErrNotFound) {
			r.Errorf("an input that nobody needs: %v, want ErrNotFound", err)
		}
	})
}
