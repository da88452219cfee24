package store_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"darkroom/store"
)

// clock is a time that only moves when told.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// noon is in a zone of its own, so that a time that is kept without its zone shows.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("elsewhere", 5*3600))

func job(id string) store.Job {
	return store.Job{
		ID: id, Server: "g1", Channel: "c1", User: "u1", Parent: "", Verb: "imagine",
		Spec: json.RawMessage(`{"v":1}`), Address: json.RawMessage(`{"application":"a","token":"secret"}`),
		Lane: "1:abc", Cost: 4000, Pictures: 4, Spoiler: true,
	}
}

func acceptAlways(store.Policy, store.Usage) error { return nil }

func accept(t *testing.T, s *store.Store, jobs ...store.Job) {
	t.Helper()
	for _, e := range jobs {
		if err := s.Accept(t.Context(), []store.Job{e}, acceptAlways); err != nil {
			t.Fatal(err)
		}
	}
}

func acceptAndAcknowledge(t *testing.T, s *store.Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		accept(t, s, job(id))
		mustChange(t, s.Acknowledge, id)
	}
}

// must runs a change of state that has to happen.
func mustChange(t *testing.T, change func(context.Context, string) (bool, error), id string) {
	t.Helper()
	done, err := change(t.Context(), id)
	if err != nil || !done {
		t.Fatalf("change of %s: got %v, %v, want true, nil", id, done, err)
	}
}

func find(t *testing.T, s *store.Store, id string) store.Job {
	t.Helper()
	e, err := s.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

func ids(jobs []store.Job) []string {
	var out []string
	for _, e := range jobs {
		out = append(out, e.ID)
	}
	return out
}

func picture(text string) (sha string, data []byte) {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:]), []byte(text)
}

// exercise is what every database must do.
func exercise(t *testing.T, open func(*testing.T, store.Options) *store.Store) {
	for name, f := range map[string]func(*testing.T, *store.Store, *clock){
		"accept": exerciseAccept, "states": exerciseStates, "finding": exerciseFinding,
		"quota": exerciseQuota, "inputs": exerciseInputs, "policies": exercisePolicies, "epochs": exerciseEpochs,
		"presets": exercisePresets, "asks": exerciseQuestions, "spent": exerciseTotals, "weights": exerciseWeights, "erasure": exerciseErase,
		"departures": exerciseDepartures,
		"crashes":    exerciseCrashes,
		"requeue":    exerciseRequeueRunning,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{t: noon}
			f(t, open(t, store.Options{Now: c.now}), c)
		})
	}
	t.Run("deliveries", func(t *testing.T) {
		t.Parallel()
		exerciseDeliveries(t, open)
	})
}

func exerciseAccept(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	e := job("1-0")
	accept(t, s, e)
	e.State, e.Created, e.Updated = store.Accepted, noon.UTC(), noon.UTC()
	equal(t, "accepted job", find(t, s, "1-0"), e)

	asked := false
	err := s.Accept(ctx, []store.Job{job("1-0")}, func(store.Policy, store.Usage) error { asked = true; return nil })
	if !errors.Is(err, store.ErrDuplicate) || asked {
		t.Errorf("repeated event: got %v and judge asked %v, want %v and not asked", err, asked, store.ErrDuplicate)
	}
	no := errors.New("no")
	if err := s.Accept(ctx, []store.Job{job("2-0")}, func(store.Policy, store.Usage) error { return no }); err != no {
		t.Errorf("refusal: got %v, want judge's own error", err)
	}
	if _, err := s.Find(ctx, "2-0"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("refused job: got %v, want %v", err, store.ErrNotFound)
	}
	if err := s.Accept(ctx, []store.Job{job("3-0"), job("1-0")}, acceptAlways); !errors.Is(err, store.ErrDuplicate) {
		t.Errorf("half known: got %v, want %v", err, store.ErrDuplicate)
	}
	if _, err := s.Find(ctx, "3-0"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("all or none: got %v, want %v", err, store.ErrNotFound)
	}
	if err := s.Accept(ctx, []store.Job{job("4-0"), job("4-0")}, acceptAlways); !errors.Is(err, store.ErrDuplicate) {
		t.Errorf("twice in one request: got %v, want %v", err, store.ErrDuplicate)
	}
	other := job("5-1")
	other.User = "u2"
	nothing, spec := job("5-0"), job("5-0")
	nothing.Pictures, spec.Spec = 0, json.RawMessage(`{`)
	for what, bad := range map[string][]store.Job{
		"none": nil, "two users": {job("5-0"), other}, "no id": {job("")}, "no pictures": {nothing}, "no JSON": {spec},
	} {
		if err := s.Accept(ctx, bad, acceptAlways); err == nil {
			t.Errorf("%s: got no error", what)
		}
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Accept(stopped, []store.Job{job("6-0")}, acceptAlways); !errors.Is(err, context.Canceled) {
		t.Errorf("past the deadline: got %v, want %v", err, context.Canceled)
	}
}

func exerciseStates(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	acceptAndAcknowledge(t, s, "1-0")
	equal(t, "acknowledged", find(t, s, "1-0").State, store.Waiting)
	if done, err := s.Acknowledge(ctx, "1-0"); done || err != nil {
		t.Errorf("acknowledged twice: got %v, %v, want false, nil", done, err)
	}
	mustChange(t, s.MarkLeased, "1-0")
	mustChange(t, s.MarkRequeued, "1-0")
	e := find(t, s, "1-0")
	equal(t, "returned", []any{e.State, e.WasLeased}, []any{store.Waiting, true})
	mustChange(t, s.MarkLeased, "1-0")
	c.advance(time.Minute)
	if done, err := s.Finish(ctx, "1-0", "m1", json.RawMessage(`{"files":[]}`)); !done || err != nil {
		t.Fatalf("finish: got %v, %v, want true, nil", done, err)
	}
	e = find(t, s, "1-0")
	equal(t, "finished", []any{e.State, e.Message, string(e.Outcome), string(e.Address), e.Updated},
		[]any{store.Done, "m1", `{"files":[]}`, `{"application":"a","token":""}`, noon.Add(time.Minute).UTC()})
	exerciseTerminal(t, s)

	if done, err := s.SetMessage(ctx, "1-0", "m2"); !done || err != nil {
		t.Errorf("answered after the end: got %v, %v, want true, nil", done, err)
	}
	equal(t, "message", find(t, s, "1-0").Message, "m2")
	acceptAndAcknowledge(t, s, "2-0", "3-0")
	if done, err := s.Fail(ctx, "2-0", "out of paint"); !done || err != nil {
		t.Errorf("fail: got %v, %v, want true, nil", done, err)
	}
	mustChange(t, s.Cancel, "3-0")
	equal(t, "reason", find(t, s, "2-0").Reason, "out of paint")
	count, err := s.Count(ctx)
	equal(t, "count", []any{count, err}, []any{map[store.State]int{store.Done: 1, store.Failed: 1, store.Cancelled: 1}, error(nil)})
	exerciseExpiry(t, s, c)
}

// exerciseTerminal: job 1-0 is Done, and stays so.
func exerciseTerminal(t *testing.T, s *store.Store) {
	ctx := t.Context()
	before := find(t, s, "1-0")
	for what, change := range map[string]func() (bool, error){
		"acknowledge": func() (bool, error) { return s.Acknowledge(ctx, "1-0") },
		"enqueue":     func() (bool, error) { return s.MarkEnqueued(ctx, "1-0", 9) },
		"lease":       func() (bool, error) { return s.MarkLeased(ctx, "1-0") },
		"return":      func() (bool, error) { return s.MarkRequeued(ctx, "1-0") },
		"attach":      func() (bool, error) { return s.AttachInputs(ctx, "1-0", json.RawMessage(`{}`), nil) },
		"finish":      func() (bool, error) { return s.Finish(ctx, "1-0", "m9", nil) },
		"fail":        func() (bool, error) { return s.Fail(ctx, "1-0", "late") },
		"cancel":      func() (bool, error) { return s.Cancel(ctx, "1-0") },
	} {
		if done, err := change(); done || err != nil {
			t.Errorf("%s a finished job: got %v, %v, want false, nil", what, done, err)
		}
	}
	equal(t, "finished job", find(t, s, "1-0"), before)
	for what, change := range map[string]func(context.Context, string) (bool, error){
		"lease": s.MarkLeased, "cancel": s.Cancel, "acknowledge": s.Acknowledge,
	} {
		if _, err := change(ctx, "nobody"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s an unknown job: got %v, want %v", what, err, store.ErrNotFound)
		}
	}
}

func exerciseExpiry(t *testing.T, s *store.Store, c *clock) {
	acceptAndAcknowledge(t, s, "8-0")
	accept(t, s, job("8-1"))
	c.advance(time.Minute)
	accept(t, s, job("8-2"))
	old, err := s.Unacknowledged(t.Context(), 30*time.Second, 10)
	equal(t, "unacknowledged", []any{ids(old), err}, []any{[]string{"8-1"}, error(nil)})
	for id, want := range map[string]bool{"8-0": false, "8-1": true} {
		done, err := s.Expire(t.Context(), id)
		equal(t, "expired "+id, []any{done, err}, []any{want, error(nil)})
	}
	states := []store.State{find(t, s, "8-0").State, find(t, s, "8-1").State, find(t, s, "8-2").State}
	equal(t, "states", states, []store.State{store.Waiting, store.Expired, store.Accepted})
	if done, err := s.Acknowledge(t.Context(), "8-1"); done || err != nil {
		t.Errorf("acknowledge an expired job: got %v, %v, want false, nil", done, err)
	}
}

func exerciseFinding(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	acceptAndAcknowledge(t, s, "1-0", "1-1")
	c.advance(time.Second)
	accept(t, s, job("2-0"))
	other := job("3-0")
	other.User, other.Server = "u2", "dm"
	accept(t, s, other)

	mine, err := s.Unfinished(ctx, "u1")
	equal(t, "unfinished", []any{ids(mine), err}, []any{[]string{"1-0", "1-1", "2-0"}, error(nil)})
	for _, id := range []string{"1-0", "1-1"} {
		if _, err := s.Finish(ctx, id, "m-"+id, nil); err != nil {
			t.Fatal(err)
		}
	}
	c.advance(time.Hour)
	mustChange(t, s.Cancel, "2-0")
	ended, err := s.Ended(ctx, c.now().Add(-time.Minute), 10)
	equal(t, "ended", []any{ids(ended), err}, []any{[]string{"2-0"}, error(nil)})
	ended, err = s.Ended(ctx, noon, 2)
	equal(t, "the newest ended", []any{ids(ended), err}, []any{[]string{"2-0", "1-1"}, error(nil)})

	value, err := s.Meta(ctx, "commands")
	equal(t, "meta before", []any{value, err}, []any{"", error(nil)})
	for _, want := range []string{"h1", "h2"} {
		if err := s.SetMeta(ctx, "commands", want); err != nil {
			t.Fatal(err)
		}
		value, err = s.Meta(ctx, "commands")
		equal(t, "meta", []any{value, err}, []any{want, error(nil)})
	}
}
