package outbox

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"darkroom/queue"
)

const (
	// ownershipLife is how long database and Redis belong together after a bot said so last.
	ownershipLife = 6 * time.Second
	// ownershipRenewal is how often a bot says so.
	ownershipRenewal = 2 * time.Second
	// ownershipPatience is after how long the claim of a bot that has died has surely ended, also if its clock was wrong.
	ownershipPatience = 2*ownershipLife + maxClockSkew
	// releaseTimeout is how long a bot that stops may take to give both free.
	releaseTimeout = time.Second

	databaseIDMeta = "database" // the name of the database's id in SQL
	redisClaim     = "redis:"   // the claim of a pool's Redis to the database; its holder is the id of that Redis
)

// Why a bot does not go on: its database and its Redis do not belong together. The texts are for its operator.
var (
	errOtherRedis = errors.New("another bot uses this database with another Redis: " +
		"give both the same REDIS_URL and pool, or each a database of its own")
	errOtherDatabase = errors.New("another bot uses this Redis and pool with another database: " +
		"give both the same database, or each a pool of its own")
)

// errNotOurs means that one of them may still be in use by another bot.
var errNotOurs = errors.New("waiting until no other bot uses it")

// isSplitBrain tells whether an error says that another bot that lives uses the database or the Redis.
func isSplitBrain(err error) bool {
	return errors.Is(err, errOtherRedis) || errors.Is(err, errOtherDatabase)
}

// ownershipStore is what ownership needs of the database.
type ownershipStore interface {
	MetaOnce(ctx context.Context, name, value string) (string, error)
	Claim(ctx context.Context, name, holder string, period time.Duration) (bool, error)
}

// ownedQueue is what ownership needs of the queue.
type ownedQueue interface {
	Own(ctx context.Context, database string, period time.Duration, newID string) (id string, err error)
	InProcess() bool
}

// ownership makes sure that this bot's database and its Redis belong to each other, and that no other bot uses one of
// them with another (split brain): both bots would then take the other's queue for an old one, and begin epochs
// without end.
//
// Database and Redis have a random id each. Redis holds the id of its database, and SQL that of its Redis, each for a
// few seconds after a bot said so. A bot that finds another id waits: the other bot may have died, or its Redis may
// have been lost. If the other id is still there when it must have ended, its bot lives, and this one gives way. A
// bot whose Redis loses its data gives it the id that it had, so it need not wait. Only the relay uses it.
type ownership struct {
	db     ownershipStore
	queue  ownedQueue
	pool   string
	shared bool // other bots may use the database
	now    func() time.Time
	log    *slog.Logger

	database     string    // the id of the database; "" while it is not known
	redis        string    // the id of our Redis
	renewed      time.Time // when both were last ours
	refusedSince time.Time // since when one of them is not; zero when both are
	ours         atomic.Bool
}

// keep renews the ownership if it is time.
func (w *ownership) keep(ctx context.Context) error {
	if !w.renewed.IsZero() && w.now().Sub(w.renewed) < ownershipRenewal {
		return nil
	}
	return w.renew(ctx)
}

// renew says that database and Redis are ours. Its error wraps errNotOurs while another bot may use one of them.
func (w *ownership) renew(ctx context.Context) error {
	err := w.own(ctx, ownershipLife)
	switch {
	case isSplitBrain(err):
		return w.wait(err)
	case err != nil:
		return err
	}
	w.renewed, w.refusedSince = w.now(), time.Time{}
	w.ours.Store(true)
	return nil
}

// own says that database and Redis are ours for a period. A queue in this process's memory cannot be another's; and
// only one process has such a queue beside a database that is not shared.
func (w *ownership) own(ctx context.Context, period time.Duration) (err error) {
	if w.queue.InProcess() && !w.shared {
		return nil
	}
	if w.database == "" {
		if w.database, err = w.db.MetaOnce(ctx, databaseIDMeta, rand.Text()); err != nil {
			return err
		}
	}
	if w.redis == "" {
		w.redis = rand.Text() // unless it has one
	}
	id, err := w.queue.Own(ctx, w.database, period, w.redis)
	if errors.Is(err, queue.ErrOtherDatabase) {
		return errOtherDatabase
	}
	if err != nil {
		return err
	}
	w.redis = id
	ours, err := w.db.Claim(ctx, redisClaim+w.pool, id, period)
	if err == nil && !ours {
		err = errOtherRedis
	}
	return err
}

// wait returns errNotOurs until the other bot surely lives, and then why this one must give way.
func (w *ownership) wait(why error) error {
	w.ours.Store(false)
	if w.refusedSince.IsZero() {
		w.refusedSince = w.now()
		w.log.Warn("another bot used this database or this Redis lately; it may have died", "error", why)
	}
	if w.now().Sub(w.refusedSince) > ownershipPatience {
		return why
	}
	return fmt.Errorf("%w: %s", errNotOurs, why.Error()) // not wrapped: it is not sure yet
}

// release gives database and Redis free at the end, so that the next bot need not wait.
func (w *ownership) release(ctx context.Context) {
	if !w.ours.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	if err := w.own(ctx, 0); err != nil {
		w.log.Debug("the next bot may have to wait", "error", err)
	}
}
