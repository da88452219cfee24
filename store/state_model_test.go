package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"darkroom/store"
)

const modelLimit = 3 // unfinished jobs that the model's policy allows a user

var errFull = errors.New("full")

// model is a plain model that the store is compared with: the state of each job, and what was recorded about it.
type model struct {
	s          *store.Store
	c          *clock
	address    string
	states     map[string]store.State
	leased     map[string]bool
	epochs     map[string]int64
	acceptedAt map[string]time.Time
	epoch      int64
}

// TestStateModel takes random steps with a few jobs of two users, restarts among them, and compares the store with the
// model. DARKROOM_SOAK makes it run much longer. TestPostgres does the same on PostgreSQL.
func TestStateModel(t *testing.T) {
	t.Parallel()
	for round := range modelRounds(3, 400) {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			runModel(t, round, "sqlite:"+filepath.Join(t.TempDir(), "a.db"))
		})
	}
}

// modelRounds is how many times the model runs, usually and in a soak.
func modelRounds(usual, soak int) int {
	if os.Getenv("DARKROOM_SOAK") != "" {
		return soak
	}
	return usual
}

func runModel(t *testing.T, seed int, address string) {
	rng := rand.New(rand.NewPCG(uint64(seed), 0))
	m := &model{c: &clock{t: noon}, address: address, states: map[string]store.State{},
		leased: map[string]bool{}, epochs: map[string]int64{}, acceptedAt: map[string]time.Time{}}
	m.s = openURL(t, m.address, store.Options{Now: m.c.now})
	for i := range 150 {
		m.step(t, rng.IntN(1<<16))
		if i%15 == 14 { // each step checked its own result; this finds changes that no step made
			m.compare(t)
		}
	}
}

func (m *model) step(t *testing.T, n int) {
	m.c.advance(time.Duration(n%7) * time.Second)
	id := fmt.Sprintf("%d-0", n/16%40)
	state, known := m.states[id]
	open := known && !state.Terminal()
	switch kind := n % 12; kind {
	case 0, 1, 2:
		m.accept(t, id)
	case 3:
		m.change(t, id, state == store.Accepted, store.Waiting)(m.s.Acknowledge(t.Context(), id, ""))
	case 4:
		if m.change(t, id, state == store.Waiting || state == store.Running, store.Running)(m.s.MarkLeased(t.Context(), id)) {
			m.leased[id] = true
		}
	case 5:
		m.change(t, id, state == store.Running, store.Waiting)(m.s.MarkRequeued(t.Context(), id))
	case 6:
		may := (state == store.Waiting || state == store.Running) && m.epochs[id] < m.epoch
		if m.change(t, id, may, state)(m.s.MarkEnqueued(t.Context(), id, m.epoch)) {
			m.epochs[id] = m.epoch
		}
	case 7:
		m.change(t, id, open, store.Done)(m.s.Finish(t.Context(), id, "m"+id, nil))
	case 8:
		m.change(t, id, open, store.Failed)(m.s.Fail(t.Context(), id, "x"))
	case 9:
		m.change(t, id, open, store.Cancelled)(m.s.Cancel(t.Context(), id))
	case 10:
		m.nextEpoch(t)
	case 11:
		m.expire(t)
		if err := m.s.Close(); err != nil {
			t.Fatal(err)
		}
		m.s = openURL(t, m.address, store.Options{Now: m.c.now})
	}
}

// change returns a function that checks the result of a change of state and records the change.
func (m *model) change(t *testing.T, id string, want bool, to store.State) func(bool, error) bool {
	t.Helper()
	return func(got bool, err error) bool {
		t.Helper()
		if _, known := m.states[id]; !known {
			if got || !errors.Is(err, store.ErrNotFound) {
				t.Fatalf("job %s: got %v, %v, want %v", id, got, err, store.ErrNotFound)
			}
			return false
		}
		if err != nil || got != want {
			t.Fatalf("job %s from %s to %s: got %v, %v, want %v", id, m.states[id], to, got, err, want)
		}
		if got {
			m.states[id] = to
		}
		return got
	}
}

func (m *model) accept(t *testing.T, id string) {
	j := job(id)
	j.User = owner(id)
	var seen store.Usage
	err := m.s.Accept(t.Context(), []store.Job{j}, func(_ store.Policy, u store.Usage) error {
		if seen = u; u.Waiting+u.Running >= modelLimit*j.Pictures {
			return errFull
		}
		return nil
	})
	_, known := m.states[id]
	unfinished := m.unfinished(j.User)
	switch {
	case known:
		if !errors.Is(err, store.ErrDuplicate) {
			t.Fatalf("accept %s again: got %v, want %v", id, err, store.ErrDuplicate)
		}
	case unfinished >= modelLimit:
		if !errors.Is(err, errFull) {
			t.Fatalf("accept %s with %d unfinished: got %v, want %v", id, unfinished, err, errFull)
		}
	case err != nil || seen.Waiting+seen.Running != unfinished*j.Pictures:
		t.Fatalf("accept %s with %d unfinished: got %v and usage %+v", id, unfinished, err, seen)
	default:
		m.states[id], m.acceptedAt[id] = store.Accepted, m.c.now()
	}
}

// owner gives every third job to another user.
func owner(id string) string {
	if id[0]%3 == 0 {
		return "u2"
	}
	return "u1"
}

func (m *model) unfinished(user string) int {
	n := 0
	for id, state := range m.states {
		if owner(id) == user && !state.Terminal() {
			n++
		}
	}
	return n
}

func (m *model) nextEpoch(t *testing.T) {
	n, err := m.s.NextEpoch(t.Context(), "main")
	if err != nil || n != m.epoch+1 {
		t.Fatalf("next epoch: got %d, %v, want %d", n, err, m.epoch+1)
	}
	m.epoch = n
}

func (m *model) expire(t *testing.T) {
	const age = 20 * time.Second
	old, err := m.s.Unacknowledged(t.Context(), age, 100)
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, state := range m.olderThan(age) {
		if state == store.Accepted {
			want++
		}
	}
	if len(old) != want {
		t.Fatalf("unacknowledged: got %v, want %d", ids(old), want)
	}
	for id := range m.olderThan(age) {
		m.change(t, id, m.states[id] == store.Accepted, store.Expired)(m.s.Expire(t.Context(), id))
	}
}

// olderThan returns the states of the jobs that were accepted longer ago than age.
func (m *model) olderThan(age time.Duration) map[string]store.State {
	found := map[string]store.State{}
	for id, state := range m.states {
		if m.acceptedAt[id].Before(m.c.now().Add(-age)) {
			found[id] = state
		}
	}
	return found
}

// compare compares the whole store with the model.
func (m *model) compare(t *testing.T) {
	t.Helper()
	count, unqueued := map[store.State]int{}, 0
	for id, state := range m.states {
		count[state]++
		if (state == store.Waiting || state == store.Running) && m.epochs[id] < m.epoch {
			unqueued++
		}
		j := find(t, m.s, id)
		if j.State != state || j.WasLeased != m.leased[id] || j.Epoch != m.epochs[id] {
			t.Fatalf("job %s: got %s, leased %v, epoch %d, want %s, %v, %d",
				id, j.State, j.WasLeased, j.Epoch, state, m.leased[id], m.epochs[id])
		}
	}
	got, err := m.s.Count(t.Context())
	equal(t, "count", []any{got, err}, []any{count, error(nil)})
	listed, err := m.s.Unqueued(t.Context(), m.epoch, 100)
	equal(t, "unqueued", []any{len(listed), err}, []any{unqueued, error(nil)})
	if t.Failed() {
		t.FailNow()
	}
}
