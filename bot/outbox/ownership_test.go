package outbox

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"darkroom/queue"
	"darkroom/store"
)

// site is what several bots share: a clock, databases and queues.
type site struct {
	t   *testing.T
	now time.Time
}

func newSite(t *testing.T) *site { return &site{t: t, now: time.Unix(1_700_000_000, 0)} }

func (s *site) clock() time.Time { return s.now }

func (s *site) database() *store.Store {
	db, err := store.Open(s.t.Context(), "sqlite:"+filepath.Join(s.t.TempDir(), "a.db"), store.Options{Now: s.clock})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = db.Close() })
	return db
}

// remoteQueue is a queue that other processes can reach.
type remoteQueue struct{ *queue.Queue }

func (remoteQueue) InProcess() bool { return false }

func (s *site) queue() remoteQueue {
	q := queue.Embedded(queue.Options{Now: s.clock})
	s.t.Cleanup(func() { _ = q.Close() })
	return remoteQueue{q}
}

func (s *site) bot(db *store.Store, q ownedQueue) *ownership {
	return &ownership{db: db, queue: q, pool: "main", now: s.clock, log: slog.New(slog.DiscardHandler)}
}

// waitFor lets time pass, in which the living bots renew, until w is refused for good or gets what it wants. It
// returns how long that took.
func (s *site) waitFor(w *ownership, living ...*ownership) (time.Duration, error) {
	s.t.Helper()
	began := s.now
	for {
		for _, l := range living {
			if err := l.keep(s.t.Context()); err != nil {
				s.t.Fatalf("a bot that lives: %v", err)
			}
		}
		err := w.keep(s.t.Context())
		if !errors.Is(err, errNotOurs) {
			return s.now.Sub(began), err
		}
		if w.ours.Load() {
			s.t.Fatal("a bot that waits takes the queue for its own")
		}
		s.now = s.now.Add(500 * time.Millisecond)
	}
}

// must expects that a bot gets what it wants at once.
func (s *site) must(w *ownership) *ownership {
	s.t.Helper()
	if took, err := s.waitFor(w); err != nil || took > 0 {
		s.t.Fatalf("got %v after %v, want it at once", err, took)
	}
	return w
}

func TestLivingBotsOfTwoRedisAreToldApart(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]func(s *site, db *store.Store, q remoteQueue) (*ownership, error){
		"one database and two Redis": func(s *site, db *store.Store, _ remoteQueue) (*ownership, error) {
			return s.bot(db, s.queue()), errOtherRedis
		},
		"one Redis and two databases": func(s *site, _ *store.Store, q remoteQueue) (*ownership, error) {
			return s.bot(s.database(), q), errOtherDatabase
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			db, q := s.database(), s.queue()
			first := s.must(s.bot(db, q))
			newcomer, want := second(s, db, q)
			for range 2 { // it is started again
				took, err := s.waitFor(newcomer, first)
				if !errors.Is(err, want) || took > 30*time.Second {
					t.Errorf("the newcomer: got %v after %v, want %v within half a minute", err, took, want)
				}
				newcomer.release(t.Context()) // which must not free what is not its own
				newcomer, _ = second(s, db, q)
			}
		})
	}
}

func TestBotThatWasAwayGivesWay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	db := s.database()
	s.must(s.bot(db, s.queue())) // it is killed
	frozen, next := s.bot(db, s.queue()), s.bot(db, s.queue())
	for _, w := range []*ownership{frozen, next} {
		if took, err := s.waitFor(w); err != nil || took == 0 || took > ownershipLife+time.Second {
			t.Fatalf("got %v after %v, want the database of a bot that is silent", err, took)
		}
	}
	took, err := s.waitFor(frozen, next)
	if !errors.Is(err, errOtherRedis) || took < ownershipPatience || took > 30*time.Second {
		t.Errorf("got %v after %v, want to hear of the other bot after %v", err, took, ownershipPatience)
	}
}

func TestNoEpochBeginsOnTheQueueOfOthers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	db, others := s.database(), s.queue()
	s.must(s.bot(s.database(), others))
	w := s.must(s.bot(db, s.queue()))
	w.queue = others
	k := &epochKeeper{
		db: db, queue: others, pauses: &pauseSync{db: db, queue: others}, pool: "main", owner: w, now: s.clock, log: w.log,
		claim: func(context.Context, string, time.Duration) (bool, error) { return true, nil },
	}
	if _, err := k.recover(t.Context()); !errors.Is(err, errNotOurs) {
		t.Errorf("got %v, want it to wait, although it has just renewed what it had", err)
	}
	if n, err := db.CurrentEpoch(t.Context(), "main"); n != 0 || err != nil {
		t.Errorf("got epoch %d, %v, want none", n, err)
	}
}

func TestOwnershipIsRegained(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run  func(s *site) *ownership // what happens, and the bot that goes on
		most time.Duration
	}{
		"several bots share both, or one was killed": {func(s *site) *ownership {
			db, q := s.database(), s.queue()
			s.must(s.bot(db, q))
			return s.bot(db, q)
		}, 0},
		"Redis loses its data": {func(s *site) *ownership {
			w := s.must(s.bot(s.database(), s.queue()))
			w.queue, w.renewed = s.queue(), time.Time{}
			return w
		}, 0},
		"Redis loses the data of several bots": {func(s *site) *ownership {
			db, q := s.database(), s.queue()
			s.must(s.bot(db, q))
			second := s.must(s.bot(db, q))
			second.queue, second.renewed = s.queue(), time.Time{}
			return second
		}, 0},
		"the bot was stopped, and Redis lost its data": {func(s *site) *ownership {
			db := s.database()
			s.must(s.bot(db, s.queue())).release(s.t.Context())
			s.now = s.now.Add(time.Millisecond)
			return s.bot(db, s.queue())
		}, 0},
		"the bot was killed, and Redis lost its data": {func(s *site) *ownership {
			db := s.database()
			s.must(s.bot(db, s.queue()))
			return s.bot(db, s.queue())
		}, ownershipLife + time.Second},
		"the bot was killed, and its database replaced": {func(s *site) *ownership {
			q := s.queue()
			s.must(s.bot(s.database(), q))
			return s.bot(s.database(), q)
		}, ownershipLife + time.Second},
		"the bot was stopped, and its database replaced": {func(s *site) *ownership {
			q := s.queue()
			s.must(s.bot(s.database(), q)).release(s.t.Context())
			return s.bot(s.database(), q)
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if took, err := s.waitFor(c.run(s)); err != nil || took > c.most {
				t.Errorf("got %v after %v, want it within %v", err, took, c.most)
			}
		})
	}
}

// countingStore counts the calls of a database.
type countingStore struct {
	ownershipStore
	calls int
}

func (c *countingStore) Claim(ctx context.Context, name, holder string, period time.Duration) (bool, error) {
	c.calls++
	return c.ownershipStore.Claim(ctx, name, holder, period)
}

func TestQueueInProcessIsOwnedAtOnce(t *testing.T) {
	t.Parallel()
	for shared, want := range map[bool]int{false: 0, true: 1} {
		s := newSite(t)
		q := queue.Embedded(queue.Options{Now: s.clock})
		t.Cleanup(func() { _ = q.Close() })
		db := &countingStore{ownershipStore: s.database()}
		w := s.bot(nil, q)
		w.db, w.shared = db, shared
		if s.must(w); !w.ours.Load() || db.calls != want {
			t.Errorf("shared %v: got ours %v after %d claims, want it after %d", shared, w.ours.Load(), db.calls, want)
		}
	}
}

func TestOwnershipIsRenewedInTime(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	db := &countingStore{ownershipStore: s.database()}
	w := s.bot(nil, s.queue())
	w.db = db
	for range 100 {
		s.must(w)
		s.now = s.now.Add(100 * time.Millisecond)
	}
	if db.calls != 5 {
		t.Errorf("got %d claims in ten seconds, want one every %v", db.calls, ownershipRenewal)
	}
}
