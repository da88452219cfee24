package store_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"sync"
	"testing"
	"time"

	"darkroom/store"
)

// clock is a clock that a test moves.
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

// noon is in an unusual time zone, so that a test finds a time that is stored without its zone.
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
	for _, j := range jobs {
		if err := s.Accept(t.Context(), []store.Job{j}, acceptAlways); err != nil {
			t.Fatal(err)
		}
	}
}

func acceptAndAcknowledge(t *testing.T, s *store.Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		accept(t, s, job(id))
		mustChange(t, acknowledge(s), id)
	}
}

// acknowledge acknowledges a job whose message is not known.
func acknowledge(s *store.Store) func(context.Context, string) (bool, error) {
	return func(ctx context.Context, id string) (bool, error) { return s.Acknowledge(ctx, id, "") }
}

// mustChange runs a change of state that has to happen.
func mustChange(t *testing.T, change func(context.Context, string) (bool, error), id string) {
	t.Helper()
	done, err := change(t.Context(), id)
	if err != nil || !done {
		t.Fatalf("change of %s: got %v, %v, want true, nil", id, done, err)
	}
}

func find(t *testing.T, s *store.Store, id string) store.Job {
	t.Helper()
	j, err := s.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

func ids(jobs []store.Job) []string {
	var out []string
	for _, j := range jobs {
		out = append(out, j.ID)
	}
	return out
}

func picture(text string) (sha string, data []byte) {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:]), []byte(text)
}

// exercise runs the tests that every database must pass.
func exercise(t *testing.T, open func(*testing.T, store.Options) *store.Store) {
	for name, f := range map[string]func(*testing.T, *store.Store, *clock){
		"accept": exerciseAccept, "states": exerciseStates, "finding": exerciseFinding,
		"quota": exerciseQuota, "inputs": exerciseInputs, "policies": exercisePolicies, "epochs": exerciseEpochs,
		"presets": exercisePresets, "questions": exerciseQuestions, "totals": exerciseTotals,
		"weights": exerciseWeights, "erasure": exerciseErase, "departures": exerciseDepartures,
		"crashes": exerciseCrashes, "requeue": exerciseRequeueRunning, "meta": exerciseMeta,
		"server settings": exerciseSettings, "preferences": exercisePreferences, "server presets": exerciseServerPresets,
		"posts": exercisePosts,
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

func noError(t *testing.T, step string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", step, err)
	}
}
