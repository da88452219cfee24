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

const modelLimit = 3 // jobs that the walk's policy lets a user have in hand

var errFull = errors.New("full")

// walk is the plain model that the store is held against: each job's state, and what it was told.
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

// TestStateModel takes random steps through the lives of a few jobs of two users, restarts among them, and compares
// the store with the model. DARKROOM_SOAK takes many more. TestPostgres walks, too.
func TestStateModel(t *testing.T) {
	t.Parallel()
	for round := range modelRounds(3, 400) {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			runModel(t, round, "sqlite:"+filepath.Join(t.TempDir(), "a.db"))
		})
	}
}

// walks is how many walks are taken, usually and in a soak.
func modelRounds(usual, soak int) int {
	if os.Getenv("DARKROOM_SOAK") != "" {
		return soak
	}
	return usual
}

func runModel(t *testing.T, seed int, address string) {
	rng := rand.New(rand.NewPCG(uint64(seed), 0))
	w := &model{c: &clock{t: noon}, address: address, states: map[string]store.State{},
		leased: map[string]bool{}, epochs: map[string]int64{}, acceptedAt: map[string]time.Time{}}
	w.s = openURL(t, w.address, store.Options{Now: w.c.now})
	for i := range 150 {
		w.step(t, rng.IntN(1<<16))
		if i%15 == 14 { // each change told by itself whether it happened; this finds what nobody asked for
			w.compare(t)
		}
	}
}

func (w *model) step(t *testing.T, n int) {
	w.c.advance(time.Duration(n%7) * time.Second)
	id := fmt.Sprintf("%d-0", n/16%40)
	state, known := w.states[id]
	open := known && !state.Terminal()
	switch kind := n % 12; kind {
	case 0, 1, 2:
		w.accept(t, id)
	case 3:
		w.change(t, id, state == store.Accepted, store.Waiting)(w.s.Acknowledge(t.Context(), id))
	case 4:
		if w.change(t, id, state == store.Waiting || state == store.Running, store.Running)(w.s.MarkLeased(t.Context(), id)) {
			w.leased[id] = true
		}
	case 5:
		w.change(t, id, state == store.Running, store.Waiting)(w.s.MarkRequeued(t.Context(), id))
	case 6:
		may := (state == store.Waiting || state == store.Running) && w.epochs[id] < w.epoch
		if w.change(t, id, may, state)(w.s.MarkEnqueued(t.Context(), id, w.epoch)) {
			w.epochs[id] = w.epoch
		}
	case 7:
		w.change(t, id, open, store.Done)(w.s.Finish(t.Context(), id, "m"+id, nil))
	case 8:
		w.change(t, id, open, store.Failed)(w.s.Fail(t.Context(), id, "x"))
	case 9:
		w.change(t, id, open, store.Cancelled)(w.s.Cancel(t.Context(), id))
	case 10:
		w.nextEpoch(t)
	case 11:
		w.expire(t)
		if err := w.s.Close(); err != nil {
			t.Fatal(err)
		}
		w.s = openURL(t, w.address, store.Options{Now: w.c.now})
	}
}

// change returns a check of what a change of state said, and notes the change.
func (w *model) change(t *testing.T, id string, want bool, to store.State) func(bool, error) bool {
	t.Helper()
	return func(got bool, err error) bool {
		t.Helper()
		if _, known := w.states[id]; !known {
			if got || !errors.Is(err, store.ErrNotFound) {
				t.Fatalf("job %s: got %v, %v, want %v", id, got, err, store.ErrNotFound)
			}
			return false
		}
		if err != nil || got != want {
			t.Fatalf("job %s from %s to %s: got %v, %v, want %v", id, w.states[id], to, got, err, want)
		}
		if got {
			w.states[id] = to
		}
		return got
	}
}

func (w *model) accept(t *testing.T, id string) {
	e := job(id)
	e.User = owner(id)
	var seen store.Usage
	err := w.s.Accept(t.Context(), []store.Job{e}, func(_ store.Policy, u store.Usage) error {
		if seen = u; u.Waiting+u.Running >= modelLimit*e.Pictures {
			return errFull
		}
		return nil
	})
	_, known := w.states[id]
	inHand := w.inHand(e.User)
	switch {
	case known:
		if !errors.Is(err, store.ErrDuplicate) {
			t.Fatalf("accept %s again: got %v, want %v", id, err, store.ErrDuplicate)
		}
	case inHand >= modelLimit:
		if err != errFull {
			t.Fatalf("accept %s with %d in hand: got %v, want %v", id, inHand, err, errFull)
		}
	case err != nil || seen.Waiting+seen.Running != inHand*e.Pictures:
		t.Fatalf("accept %s with %d in hand: got %v and usage %+v", id, inHand, err, seen)
	default:
		w.states[id], w.acceptedAt[id] = store.Accepted, w.c.now()
	}
}

// owner gives every third job to another user.
func owner(id string) string {
	if id[0]%3 == 0 {
		return "u2"
	}
	return "u1"
}

func (w *model) inHand(user string) int {
	n := 0
	for id, state := range w.states {
		if owner(id) == user && !state.Terminal() {
			n++
		}
	}
	return n
}

func (w *model) nextEpoch(t *testing.T) {
	n, err := w.s.NextEpoch(t.Context(), "main")
	if err != nil || n != w.epoch+1 {
		t.Fatalf("next epoch: got %d, %v, want %d", n, err, w.epoch+1)
	}
	w.epoch = n
}

func (w *model) expire(t *testing.T) {
	const age = 20 * time.Second
	old, err := w.s.Unacknowledged(t.Context(), age, 100)
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, state := range w.olderThan(age) {
		if state == store.Accepted {
			want++
		}
	}
	if len(old) != want {
		t.Fatalf("unacknowledged: got %v, want %d", ids(old), want)
	}
	for id := range w.olderThan(age) {
		w.change(t, id, w.states[id] == store.Accepted, store.Expired)(w.s.Expire(t.Context(), id))
	}
}

// old are the states of jobs that were accepted longer ago than age.
func (w *model) olderThan(age time.Duration) map[string]store.State {
	found := map[string]store.State{}
	for id, state := range w.states {
		if w.acceptedAt[id].Before(w.c.now().Add(-age)) {
			found[id] = state
		}
	}
	return found
}

// compare holds the whole store against the model.
func (w *model) compare(t *testing.T) {
	t.Helper()
	count, unqueued := map[store.State]int{}, 0
	for id, state := range w.states {
		count[state]++
		if (state == store.Waiting || state == store.Running) && w.epochs[id] < w.epoch {
			unqueued++
		}
		e := find(t, w.s, id)
		if e.State != state || e.WasLeased != w.leased[id] || e.Epoch != w.epochs[id] {
			t.Fatalf("job %s: got %s, leased %v, epoch %d, want %s, %v, %d", id, e.State, e.WasLeased, e.Epoch, state, w.leased[id], w.epochs[id])
		}
	}
	got, err := w.s.Count(t.Context())
	equal(t, "count", []any{got, err}, []any{count, error(nil)})
	listed, err := w.s.Unqueued(t.Context(), w.epoch, 100)
	equal(t, "owed", []any{len(listed), err}, []any{unqueued, error(nil)})
	if t.Failed() {
		t.FailNow()
	}
}
