package queue

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// historyCall is one call of a history.
type historyCall struct {
	kind  string
	job   Job
	lease Lease
	slot  string
	nonce string
}

// historyCapacity takes the lanes of all jobs.
var historyCapacity = Capacity{Lanes: Lanes("1:a", "1:b"), Addons: NewAddons(sha("1")), MaxJobs: 2}

// applyToModel makes a call on the model and returns the answer.
func (s historyCall) applyToModel(m *model) string {
	switch s.kind {
	case "enqueue":
		return m.enqueue(s.job)
	case "cancel":
		return string(m.cancel(s.job.ID, false))
	case "seal":
		return string(m.seal(s.lease))
	case "done":
		return string(m.done(s.lease, s.lease.Job.Cost))
	case "fail":
		return fmt.Sprint(m.fail(s.lease, true, false))
	}
	ids := m.reserve(historyCapacity)
	m.recordReserve(s.slot, s.nonce, ids)
	return fmt.Sprint(ids)
}

// applyToQueue makes it on the queue. Leases that come of it are returned.
func (s historyCall) applyToQueue(q *Queue) (answer string, leases []Lease, err error) {
	ctx := context.Background()
	var v Verdict
	switch s.kind {
	case "enqueue":
		r, err := q.Enqueue(ctx, 1, s.job)
		switch {
		case r.Cancelled:
			return "CANCELLED", nil, err
		case r.Duplicate:
			return "DUP", nil, err
		}
		return "OK", nil, err
	case "cancel":
		c, err := q.Cancel(ctx, s.job.ID, "somebody")
		return string(c), nil, err
	case "seal":
		v, err = q.Seal(ctx, s.lease)
	case "done":
		v, err = q.Done(ctx, s.lease, s.lease.Job.Cost, Outcome{})
	case "fail":
		final, err := q.Fail(ctx, s.lease, "no luck", true)
		return fmt.Sprint(final), nil, err
	case "reserve":
		leases, err = q.Reserve(ctx, s.slot, s.nonce, historyCapacity)
		return fmt.Sprint(ids(leases)), leases, err
	}
	return string(v), nil, err
}

// fingerprint is everything a model knows that may matter, so that equal states are recognised.
func (m *model) fingerprint() string {
	var all []string
	for id, j := range m.jobs {
		all = append(all, fmt.Sprint(id, string(j.state), j.kind, j.seq, j.fence, j.errors, j.cancel, j.maybePosted,
			j.cancelledEarly))
	}
	for name, s := range m.servers {
		all = append(all, fmt.Sprint(name, s.startTag, s.virtualTime))
		for user, u := range s.users {
			all = append(all, fmt.Sprint(name, user, u.startTag))
		}
	}
	slices.Sort(all)
	return fmt.Sprint(m.virtualTime, m.seq, m.fence, strings.Join(all, ";"))
}

// TestConcurrentCallsAreLinearizable has clients call at once and checks that some order of their calls, one after
// another on the model, explains every answer.
func TestConcurrentCallsAreLinearizable(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		random := rand.New(rand.NewPCG(4, seed(r.TB)))
		for range 10 * soakTimes(50) {
			r.wipe()
			if err := r.BeginEpoch(r.ctx, 1); err != nil {
				r.Fatal(err)
			}
			from := newModel(r.opts, r.clock.Now())
			from.beginEpoch(1)
			sequential := porcupine.Model{
				Init: func() any { return from },
				Step: func(state, in, out any) (bool, any) {
					m := state.(*model).clone()
					return in.(historyCall).applyToModel(m) == out, m
				},
				Equal: func(a, b any) bool { return a.(*model).fingerprint() == b.(*model).fingerprint() },
			}
			switch got := porcupine.CheckOperationsTimeout(sequential, r.concurrentHistory(random), time.Minute); got {
			case porcupine.Illegal:
				r.Fatal("no order of these calls explains the answers")
			case porcupine.Unknown:
				r.Log("too many orders to try them all")
			}
		}
	})
}

// concurrentHistory has four clients make ten calls each.
func (r *fixture) concurrentHistory(random *rand.Rand) (all []porcupine.Operation) {
	var mu sync.Mutex
	var clients sync.WaitGroup
	begun := time.Now()
	for c := range 4 {
		own := rand.New(rand.NewPCG(random.Uint64(), 0))
		clients.Go(func() {
			var leases []Lease
			for n := range 10 {
				s := drawCall(own, leases, c, n)
				call := time.Since(begun).Nanoseconds()
				answer, more, err := s.applyToQueue(r.Queue)
				if err != nil {
					r.Errorf("%s: %v", s.kind, err)
				}
				leases = append(leases, more...)
				mu.Lock()
				all = append(all, porcupine.Operation{ClientId: c, Input: s, Call: call, Output: answer,
					Return: time.Since(begun).Nanoseconds()})
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	return all
}

// drawCall draws a client's next call: on a few jobs that all clients name, or on a lease it has.
func drawCall(random *rand.Rand, leases []Lease, client, n int) historyCall {
	id := fmt.Sprint(random.IntN(6))
	s := historyCall{slot: fmt.Sprint("w", client), nonce: fmt.Sprint("n", n), job: job(id, "s"+id[:1], "u")}
	s.job.Lane = []string{"1:a", "1:b", "1:a:x"}[id[0]%3]
	s.job.Needs = laneNeeds[s.job.Lane]
	kinds := []string{"enqueue", "enqueue", "reserve", "reserve", "cancel"}
	if len(leases) > 0 {
		s.lease = leases[random.IntN(len(leases))]
		kinds = append(kinds, "seal", "done", "done", "fail")
	}
	s.kind = kinds[random.IntN(len(kinds))]
	return s
}
