//go:build unix

package store_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"darkroom/store"
	"darkroom/store/postgrestest"
)

// TestPostgres runs on a server of its own: postgrestest explains how it starts one.
func TestPostgres(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	exercise(t, func(t *testing.T, o store.Options) *store.Store {
		return openURL(t, server.Database(t), o)
	})
	for round := range modelRounds(1, 40) {
		t.Run(fmt.Sprint("model ", round), func(t *testing.T) {
			t.Parallel()
			runModel(t, round, server.Database(t))
		})
	}
	for name, f := range map[string]func(*testing.T, string){
		"a killed process":                killInAccept,
		"lost connections":                loseConnections,
		"a finished job":                  refuseReopening,
		"several bots start":              startTogether,
		"several bots and one quota":      shareQuota,
		"several bots and one epoch":      shareEpochs,
		"several bots end one job":        shareEnds,
		"one bot prunes, another accepts": pruneAndAccept,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, server.Database(t))
		})
	}
}

// openThree opens one database three times, as three bots would.
func openThree(t *testing.T, address string, o store.Options) []*store.Store {
	t.Helper()
	var all []*store.Store
	for range 3 {
		all = append(all, openURL(t, address, o))
	}
	return all
}

// runAll runs f for every bot and number at the same time.
func runAll(all []*store.Store, numbers int, f func(s *store.Store, bot, n int)) {
	var wg sync.WaitGroup
	for bot, s := range all {
		for n := range numbers {
			wg.Go(func() { f(s, bot, n) })
		}
	}
	wg.Wait()
}

func openPostgres(t *testing.T, address string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// loseConnections ends all connections, as a restart of the server or a proxy would.
func loseConnections(t *testing.T, address string) {
	s := openURL(t, address, store.Options{})
	acceptAndAcknowledge(t, s, "1-0")
	find(t, s, "1-0")
	_, err := openPostgres(t, address).Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "a read afterwards", find(t, s, "1-0").State, store.Waiting)
	acceptAndAcknowledge(t, s, "2-0")
}

func refuseReopening(t *testing.T, address string) {
	s := openURL(t, address, store.Options{})
	acceptAndAcknowledge(t, s, "1-0")
	mustChange(t, s.Cancel, "1-0")
	_, err := openPostgres(t, address).Exec(`UPDATE jobs SET state = 'waiting' WHERE id = '1-0'`)
	if err == nil || !strings.Contains(err.Error(), "never changes") {
		t.Errorf("got %v, want a refusal of the database itself", err)
	}
}

func startTogether(t *testing.T, address string) {
	errs := make(chan error, 12)
	var wg sync.WaitGroup
	for range cap(errs) {
		wg.Go(func() {
			s, err := store.Open(t.Context(), address, store.Options{})
			if err == nil {
				err = s.Close()
			}
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}

func shareQuota(t *testing.T, address string) {
	const limit = 20 // images; a job has four
	full := errors.New("full")
	all := openThree(t, address, store.Options{})
	errs := make(chan error, 3*8)
	runAll(all, 8, func(s *store.Store, bot, n int) {
		requested := []store.Job{job(fmt.Sprintf("%d-%d", bot, n))}
		errs <- s.Accept(t.Context(), requested, func(_ store.Policy, u store.Usage) error {
			if u.Waiting+4 > limit {
				return full
			}
			return nil
		})
	})
	close(errs)
	for err := range errs {
		if err != nil && !errors.Is(err, full) {
			t.Error(err)
		}
	}
	u, err := all[0].Usage(t.Context(), "g1", "u1")
	equal(t, "usage", []any{u, err}, []any{store.Usage{Waiting: limit, Day: limit}, error(nil)})
}

func shareEpochs(t *testing.T, address string) {
	all := openThree(t, address, store.Options{})
	got := make(chan int64, 3*5)
	runAll(all, 5, func(s *store.Store, _, _ int) {
		n, err := s.NextEpoch(t.Context(), "main")
		if err != nil {
			t.Error(err)
		}
		got <- n
	})
	close(got)
	var numbers []int64
	for n := range got {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	if len(slices.Compact(slices.Clone(numbers))) != 15 || numbers[14] != 15 {
		t.Errorf("epochs: got %v, want 1 to 15", numbers)
	}
}

// shareEnds checks that of a finish, a failure and a cancel at the same time exactly one happens.
func shareEnds(t *testing.T, address string) {
	all := openThree(t, address, store.Options{})
	const jobs = 12
	for n := range jobs {
		acceptAndAcknowledge(t, all[0], fmt.Sprintf("%d-0", n))
	}
	var mu sync.Mutex
	ended := map[string][]store.State{}
	runAll(all, jobs, func(s *store.Store, bot, n int) {
		id := fmt.Sprintf("%d-0", n)
		state := []store.State{store.Done, store.Failed, store.Cancelled}[bot]
		end := map[store.State]func() (bool, error){
			store.Done:      func() (bool, error) { return s.Finish(t.Context(), id, "m", json.RawMessage(outcome)) },
			store.Failed:    func() (bool, error) { return s.Fail(t.Context(), id, "x") },
			store.Cancelled: func() (bool, error) { return s.Cancel(t.Context(), id) },
		}[state]
		did, err := end()
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		if did {
			ended[id] = append(ended[id], state)
		}
	})
	done := 0
	for n := range jobs {
		j := find(t, all[0], fmt.Sprintf("%d-0", n))
		equal(t, "who ended job "+j.ID, ended[j.ID], []store.State{j.State})
		if j.State == store.Done {
			done++
		}
	}
	totals, err := all[0].TotalsOf(t.Context(), "g1", time.Now().Add(-time.Hour))
	equal(t, "pictures that count", []any{totals.Pictures, err}, []any{4 * done, error(nil)})
}

// pruneAndAccept checks that an accepted job keeps its input image, even if a removal runs at the same time.
func pruneAndAccept(t *testing.T, address string) {
	c := &clock{t: noon}
	all := openThree(t, address, store.Options{Now: c.now})
	for round := range 20 {
		sha, data := picture(fmt.Sprint(round))
		if err := all[0].PutInput(t.Context(), sha, data); err != nil {
			t.Fatal(err)
		}
		c.advance(2 * time.Hour)
		j := job(fmt.Sprintf("%d-0", round))
		j.Inputs = []string{sha}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := all[1].PruneInputs(t.Context(), time.Hour); err != nil {
				t.Error(err)
			}
		})
		err := all[2].Accept(t.Context(), []store.Job{j}, acceptAlways)
		wg.Wait()
		switch {
		case errors.Is(err, store.ErrInputGone):
		case err != nil:
			t.Error(err)
		default:
			equal(t, "inputs of an accepted job", find(t, all[0], j.ID).Inputs, j.Inputs)
		}
	}
}
