package outbox

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"darkroom/bot/job"
	"darkroom/queue"
	"darkroom/store"
)

// epochStore counts epochs and has no pauses.
type epochStore struct {
	Store
	epoch int64
}

func (s *epochStore) CurrentEpoch(context.Context, string) (int64, error) { return s.epoch, nil }

func (s *epochStore) NextEpoch(context.Context, string) (int64, error) {
	s.epoch++
	return s.epoch, nil
}

func (s *epochStore) Pauses(context.Context) ([]store.Pause, error) { return nil, nil }

// slowQueue takes a second to begin an epoch.
type slowQueue struct {
	Queue
	epoch int64
	clock *time.Time
}

func (q *slowQueue) Epoch(context.Context) (int64, bool, error) { return q.epoch, q.epoch == 0, nil }

func (*slowQueue) Verify(context.Context) (string, error) { return "", nil }

func (*slowQueue) InProcess() bool { return true } // so nobody else can own it

func (q *slowQueue) Pauses(context.Context) ([]queue.Paused, error) { return nil, nil }

func (q *slowQueue) BeginEpoch(_ context.Context, epoch int64) error {
	*q.clock = q.clock.Add(time.Second)
	q.epoch = epoch
	return nil
}

func newEpochKeeper(shared bool) (k *epochKeeper, q *slowQueue, clock *time.Time) {
	now := time.Unix(1_700_000_000, 0)
	db, q, clockNow := &epochStore{}, &slowQueue{clock: &now}, func() time.Time { return now }
	return &epochKeeper{
		db: db, queue: q, pauses: &pauseSync{db: db, queue: q}, shared: shared, owner: &ownership{queue: q, now: clockNow},
		claim: func(context.Context, string, time.Duration) (bool, error) { return true, nil },
		now:   clockNow, log: slog.New(slog.DiscardHandler),
	}, q, &now
}

func TestEpochIsOldOnlyForJobsThatCameBeforeIt(t *testing.T) {
	t.Parallel()
	mayHaveRun := func(k *epochKeeper, created time.Time) bool {
		return k.mayHaveRun(job.Job{Job: store.Job{Created: created}})
	}
	t.Run("a bot of its own", func(t *testing.T) {
		t.Parallel()
		k, _, clock := newEpochKeeper(false)
		start := *clock
		if _, err := k.recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !mayHaveRun(k, start) || mayHaveRun(k, start.Add(time.Millisecond)) {
			t.Error("want a job to be new that came while the epoch was being begun, and no earlier one")
		}
		*clock = clock.Add(time.Minute)
		k.heard(t.Context())
		if mayHaveRun(k, start.Add(time.Millisecond)) {
			t.Error("the event of the bot's own epoch made a job look old")
		}
	})
	t.Run("one of several", func(t *testing.T) {
		t.Parallel()
		k, q, clock := newEpochKeeper(true)
		start := *clock
		if _, err := k.recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !mayHaveRun(k, start.Add(time.Second+maxClockSkew)) || mayHaveRun(k, start.Add(2*time.Second+maxClockSkew)) {
			t.Error("want jobs to be new that came after the epoch had begun, by the clock of any bot")
		}
		q.epoch++ // another bot begins the next one
		*clock = clock.Add(time.Minute)
		k.heard(t.Context())
		if !mayHaveRun(k, *clock) {
			t.Error("the event of another bot's epoch was not noted")
		}
	})
}
