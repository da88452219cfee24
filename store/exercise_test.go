package store_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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

func job(id string) store.Entry {
	return store.Entry{
		ID: id, Server: "g1", Channel: "c1", User: "u1", Parent: "", Verb: "imagine",
		Spec: json.RawMessage(`{"v":1}`), Reply: json.RawMessage(`{"application":"a","token":"secret"}`),
		Lane: "1:abc", Cost: 4000, Pictures: 4, Spoiler: true,
	}
}

func yes(store.Policy, store.Usage) error { return nil }

func accept(t *testing.T, s *store.Store, entries ...store.Entry) {
	t.Helper()
	for _, e := range entries {
		if err := s.Accept(t.Context(), []store.Entry{e}, yes); err != nil {
			t.Fatal(err)
		}
	}
}

func promised(t *testing.T, s *store.Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		accept(t, s, job(id))
		must(t, s.Acknowledged, id)
	}
}

// must runs a change of state that has to happen.
func must(t *testing.T, change func(context.Context, string) (bool, error), id string) {
	t.Helper()
	done, err := change(t.Context(), id)
	if err != nil || !done {
		t.Fatalf("change of %s: got %v, %v, want true, nil", id, done, err)
	}
}

func find(t *testing.T, s *store.Store, id string) store.Entry {
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

func ids(entries []store.Entry) []string {
	var out []string
	for _, e := range entries {
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
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{t: noon}
			f(t, open(t, store.Options{Now: c.now}), c)
		})
	}
}

func exerciseAccept(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	e := job("1-0")
	accept(t, s, e)
	e.State, e.Created, e.Updated = store.Accepted, noon.UTC(), noon.UTC()
	equal(t, "accepted job", find(t, s, "1-0"), e)

	asked := false
	err := s.Accept(ctx, []store.Entry{job("1-0")}, func(store.Policy, store.Usage) error { asked = true; return nil })
	if !errors.Is(err, store.ErrDuplicate) || asked {
		t.Errorf("repeated event: got %v and judge asked %v, want %v and not asked", err, asked, store.ErrDuplicate)
	}
	no := errors.New("no")
	if err := s.Accept(ctx, []store.Entry{job("2-0")}, func(store.Policy, store.Usage) error { return no }); err != no {
		t.Errorf("refusal: got %v, want judge's own error", err)
	}
	if _, err := s.Find(ctx, "2-0"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("refused job: got %v, want %v", err, store.ErrNotFound)
	}
	if err := s.Accept(ctx, []store.Entry{job("3-0"), job("1-0")}, yes); !errors.Is(err, store.ErrDuplicate) {
		t.Errorf("half known: got %v, want %v", err, store.ErrDuplicate)
	}
	if _, err := s.Find(ctx, "3-0"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("all or none: got %v, want %v", err, store.ErrNotFound)
	}
	if err := s.Accept(ctx, []store.Entry{job("4-0"), job("4-0")}, yes); !errors.Is(err, store.ErrDuplicate) {
		t.Errorf("twice in one request: got %v, want %v", err, store.ErrDuplicate)
	}
	other := job("5-1")
	other.User = "u2"
	nothing, spec := job("5-0"), job("5-0")
	nothing.Pictures, spec.Spec = 0, json.RawMessage(`{`)
	for what, bad := range map[string][]store.Entry{
		"none": nil, "two users": {job("5-0"), other}, "no id": {job("")}, "no pictures": {nothing}, "no JSON": {spec},
	} {
		if err := s.Accept(ctx, bad, yes); err == nil {
			t.Errorf("%s: got no error", what)
		}
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Accept(stopped, []store.Entry{job("6-0")}, yes); !errors.Is(err, context.Canceled) {
		t.Errorf("past the deadline: got %v, want %v", err, context.Canceled)
	}
}

func exerciseStates(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	promised(t, s, "1-0")
	equal(t, "acknowledged", find(t, s, "1-0").State, store.Waiting)
	if done, err := s.Acknowledged(ctx, "1-0"); done || err != nil {
		t.Errorf("acknowledged twice: got %v, %v, want false, nil", done, err)
	}
	must(t, s.Leased, "1-0")
	must(t, s.Returned, "1-0")
	e := find(t, s, "1-0")
	equal(t, "returned", []any{e.State, e.Leased}, []any{store.Waiting, true})
	must(t, s.Leased, "1-0")
	c.advance(time.Minute)
	if done, err := s.Finish(ctx, "1-0", "m1", json.RawMessage(`{"files":[]}`)); !done || err != nil {
		t.Fatalf("finish: got %v, %v, want true, nil", done, err)
	}
	e = find(t, s, "1-0")
	equal(t, "finished", []any{e.State, e.Message, string(e.Outcome), string(e.Reply), e.Updated},
		[]any{store.Done, "m1", `{"files":[]}`, `{"application":"a","token":""}`, noon.Add(time.Minute).UTC()})
	exerciseTerminal(t, s)

	if done, err := s.Answered(ctx, "1-0", "m2"); !done || err != nil {
		t.Errorf("answered after the end: got %v, %v, want true, nil", done, err)
	}
	equal(t, "message", find(t, s, "1-0").Message, "m2")
	promised(t, s, "2-0", "3-0")
	if done, err := s.Fail(ctx, "2-0", "out of paint"); !done || err != nil {
		t.Errorf("fail: got %v, %v, want true, nil", done, err)
	}
	must(t, s.Cancel, "3-0")
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
		"acknowledge": func() (bool, error) { return s.Acknowledged(ctx, "1-0") },
		"enqueue":     func() (bool, error) { return s.Enqueued(ctx, "1-0", 9) },
		"lease":       func() (bool, error) { return s.Leased(ctx, "1-0") },
		"return":      func() (bool, error) { return s.Returned(ctx, "1-0") },
		"attach":      func() (bool, error) { return s.Attach(ctx, "1-0", json.RawMessage(`{}`), nil) },
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
		"lease": s.Leased, "cancel": s.Cancel, "acknowledge": s.Acknowledged,
	} {
		if _, err := change(ctx, "nobody"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s an unknown job: got %v, want %v", what, err, store.ErrNotFound)
		}
	}
}

func exerciseExpiry(t *testing.T, s *store.Store, c *clock) {
	promised(t, s, "8-0")
	accept(t, s, job("8-1"))
	c.advance(time.Minute)
	accept(t, s, job("8-2"))
	n, err := s.Expire(t.Context(), 30*time.Second)
	equal(t, "expired", []any{n, err}, []any{1, error(nil)})
	states := []store.State{find(t, s, "8-0").State, find(t, s, "8-1").State, find(t, s, "8-2").State}
	equal(t, "states", states, []store.State{store.Waiting, store.Expired, store.Accepted})
	if done, err := s.Acknowledged(t.Context(), "8-1"); done || err != nil {
		t.Errorf("acknowledge an expired job: got %v, %v, want false, nil", done, err)
	}
}

func exerciseFinding(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	promised(t, s, "1-0", "1-1")
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
	e, err := s.ByMessage(ctx, "m-1-1")
	equal(t, "by message", []any{e.ID, err}, []any{"1-1", error(nil)})
	if _, err := s.ByMessage(ctx, ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("by no message: got %v, want %v", err, store.ErrNotFound)
	}
	c.advance(time.Hour)
	must(t, s.Cancel, "2-0")
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

func exerciseQuota(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	promised(t, s, "1-0", "1-1", "1-2", "1-3")
	accept(t, s, job("1-4"))
	must(t, s.Leased, "1-1")
	must(t, s.Cancel, "1-2")
	if _, err := s.Finish(ctx, "1-3", "", nil); err != nil {
		t.Fatal(err)
	}
	var seen store.Usage
	look := func(_ store.Policy, u store.Usage) error { seen = u; return nil }
	if err := s.Accept(ctx, []store.Entry{job("2-0")}, look); err != nil {
		t.Fatal(err)
	}
	equal(t, "usage", seen, store.Usage{Waiting: 8, Running: 4, Day: 16})
	c.advance(store.Day)
	u, err := s.Usage(ctx, "g1", "u1")
	equal(t, "usage a day later", []any{u, err}, []any{store.Usage{Waiting: 12, Running: 4}, error(nil)})
	u, err = s.Usage(ctx, "g2", "u1")
	equal(t, "usage elsewhere", []any{u, err}, []any{store.Usage{}, error(nil)})
	exerciseRace(t, s)
}

// exerciseRace: many requests at once, and a quota that is never passed.
func exerciseRace(t *testing.T, s *store.Store) {
	const limit = 20 // pictures; a job has four
	full := errors.New("full")
	var wg sync.WaitGroup
	errs := make(chan error, 24)
	for worker := range 2 {
		wg.Go(func() {
			for i := range 12 {
				e := job(fmt.Sprintf("9%d-%d", worker, i))
				e.User = "racer"
				errs <- s.Accept(t.Context(), []store.Entry{e}, func(_ store.Policy, u store.Usage) error {
					if u.Waiting+e.Pictures > limit {
						return full
					}
					return nil
				})
			}
		})
	}
	wg.Wait()
	close(errs)
	taken := 0
	for err := range errs {
		switch {
		case err == nil:
			taken++
		case err != full:
			t.Errorf("race: %v", err)
		}
	}
	equal(t, "jobs taken", taken, limit/4)
	u, err := s.Usage(t.Context(), "g1", "racer")
	equal(t, "usage after the race", []any{u, err}, []any{store.Usage{Waiting: limit, Day: limit}, error(nil)})
}

func exerciseInputs(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	boat, boatBytes := picture("boat")
	sea, seaBytes := picture("sea")
	e := job("1-0")
	e.Inputs = []string{boat}
	if err := s.Accept(ctx, []store.Entry{e}, yes); !errors.Is(err, store.ErrInputGone) {
		t.Errorf("unknown input: got %v, want %v", err, store.ErrInputGone)
	}
	if err := s.PutInput(ctx, boat, seaBytes); err == nil {
		t.Error("bytes of another hash: got no error")
	}
	for range 2 {
		if err := s.PutInput(ctx, boat, boatBytes); err != nil {
			t.Fatal(err)
		}
	}
	accept(t, s, e)
	equal(t, "inputs of a job", find(t, s, "1-0").Inputs, []string{boat})
	data, err := s.Input(ctx, boat)
	equal(t, "bytes", []any{string(data), err}, []any{"boat", error(nil)})

	if err := s.PutInput(ctx, sea, seaBytes); err != nil {
		t.Fatal(err)
	}
	exercisePending(t, s, sea)
	exerciseReferences(t, s, c, boat, sea)
}

// exercisePending: job 2-0 learns its input picture after it was acknowledged.
func exercisePending(t *testing.T, s *store.Store, sea string) {
	e := job("2-0")
	e.Pending = json.RawMessage(`{"url":"https://cdn.example/sea.png"}`)
	accept(t, s, e)
	must(t, s.Acknowledged, "2-0")
	owed, err := s.Owed(t.Context(), 1, 10)
	if err != nil || len(owed) != 1 || string(owed[0].Pending) != string(e.Pending) {
		t.Fatalf("owed: got %+v, %v, want job 2-0 with what is pending", owed, err)
	}
	gone, _ := picture("never kept")
	if _, err := s.Attach(t.Context(), "2-0", json.RawMessage(`{"v":1}`), []string{gone}); !errors.Is(err, store.ErrInputGone) {
		t.Errorf("attach bytes that are not here: got %v, want %v", err, store.ErrInputGone)
	}
	done, err := s.Attach(t.Context(), "2-0", json.RawMessage(`{"v":1,"init":{}}`), []string{sea})
	if err != nil || !done {
		t.Fatalf("attach: got %v, %v, want true, nil", done, err)
	}
	got := find(t, s, "2-0")
	equal(t, "attached", []any{string(got.Spec), got.Inputs, got.Pending},
		[]any{`{"v":1,"init":{}}`, []string{sea}, json.RawMessage(nil)})
}

// exerciseReferences: job 1-0 holds boat and job 2-0 holds sea.
func exerciseReferences(t *testing.T, s *store.Store, c *clock, boat, sea string) {
	ctx := t.Context()
	prune := func(want int) {
		t.Helper()
		n, err := s.Prune(ctx, 24*time.Hour)
		equal(t, "pruned", []any{n, err}, []any{want, error(nil)})
	}
	held := func(sha string, want error) {
		t.Helper()
		if _, err := s.Input(ctx, sha); !errors.Is(err, want) {
			t.Errorf("input: got %v, want %v", err, want)
		}
	}
	c.advance(2 * time.Hour)
	prune(0)
	must(t, s.Cancel, "1-0")
	if _, err := s.Finish(ctx, "2-0", "m", nil); err != nil {
		t.Fatal(err)
	}
	prune(1) // what a cancelled job held; a finished one may be rerolled
	held(boat, store.ErrNotFound)
	held(sea, nil)
	again := job("3-0")
	again.Inputs = []string{sea}
	accept(t, s, again)
	c.advance(48 * time.Hour)
	prune(0) // 2-0 let go, 3-0 still holds
	held(sea, nil)
	if err := s.EraseInput(ctx, sea); err != nil {
		t.Fatal(err)
	}
	held(sea, store.ErrNotFound)
	equal(t, "inputs after erasure", find(t, s, "3-0").Inputs, []string(nil))
	if err := s.EraseInput(ctx, sea); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("erase twice: got %v, want %v", err, store.ErrNotFound)
	}
}

func exercisePolicies(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	want := store.Policy{WaitingPerUser: 8, RunningPerUser: 4, PerUserDay: 100, MaxPixels: 65536, MaxSteps: 30, MaxCount: 2,
		Paused: true, PauseReason: "spring cleaning"}
	p, err := s.Policy(ctx, "g1")
	equal(t, "policy before", []any{p, err}, []any{store.Policy{}, error(nil)})
	if err := s.SetPolicy(ctx, "g1", store.Policy{MaxSteps: 9}, "mod"); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Second)
	if err := s.SetPolicy(ctx, "g1", want, "mod"); err != nil {
		t.Fatal(err)
	}
	p, err = s.Policy(ctx, "g1")
	equal(t, "policy", []any{p, err}, []any{want, error(nil)})
	var seen store.Policy
	look := func(p store.Policy, _ store.Usage) error { seen = p; return nil }
	if err := s.Accept(ctx, []store.Entry{job("1-0")}, look); err != nil {
		t.Fatal(err)
	}
	equal(t, "policy at judgement", seen, want)
	if err := s.ResetPolicy(ctx, "g1", "mod2"); err != nil {
		t.Fatal(err)
	}
	p, err = s.Policy(ctx, "g1")
	equal(t, "policy after reset", []any{p, err}, []any{store.Policy{}, error(nil)})
	acts, err := s.Audit(ctx, "g1", 2)
	if err != nil || len(acts) != 2 {
		t.Fatalf("audit: got %v, %v, want two acts", acts, err)
	}
	equal(t, "newest act", acts[0], store.Act{Server: "g1", Actor: "mod2", Action: "reset policy", At: c.now().UTC()})
	equal(t, "act before", []any{acts[1].Actor, acts[1].Action, acts[1].At}, []any{"mod", "set policy", c.now().UTC()})
}

func exerciseEpochs(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	n, err := s.CurrentEpoch(ctx, "main")
	equal(t, "epoch before", []any{n, err}, []any{int64(0), error(nil)})
	for want := int64(1); want <= 2; want++ {
		n, err = s.NextEpoch(ctx, "main")
		equal(t, "next epoch", []any{n, err}, []any{want, error(nil)})
	}
	n, err = s.NextEpoch(ctx, "other")
	equal(t, "epoch of another pool", []any{n, err}, []any{int64(1), error(nil)})
	n, err = s.CurrentEpoch(ctx, "main")
	equal(t, "current epoch", []any{n, err}, []any{int64(2), error(nil)})

	promised(t, s, "1-0")
	c.advance(time.Second)
	promised(t, s, "2-0", "3-0")
	accept(t, s, job("4-0"))
	must(t, s.Cancel, "3-0")
	owed := func(epoch int64, limit int, want ...string) {
		t.Helper()
		got, err := s.Owed(ctx, epoch, limit)
		equal(t, "owed", []any{ids(got), err}, []any{want, error(nil)})
	}
	owed(2, 10, "1-0", "2-0")
	owed(2, 1, "1-0")
	for id, want := range map[string]bool{"1-0": true, "3-0": false} {
		done, err := s.Enqueued(ctx, id, 2)
		equal(t, "enqueued "+id, []any{done, err}, []any{want, error(nil)})
	}
	must(t, s.Leased, "1-0")
	owed(2, 10, "2-0")
	if done, err := s.Enqueued(ctx, "1-0", 1); done || err != nil {
		t.Errorf("an older epoch: got %v, %v, want false, nil", done, err)
	}
	if _, err = s.NextEpoch(ctx, "main"); err != nil {
		t.Fatal(err)
	}
	owed(3, 10, "1-0", "2-0")
	e := find(t, s, "1-0")
	equal(t, "a job whose queue was emptied", []any{e.State, e.Leased}, []any{store.Waiting, true})
}
