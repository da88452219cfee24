package queue

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Epoch returns the epoch the pool is in. Empty tells that the line is not to be trusted: nothing was ever begun, or
// the server was started anew or replaced since, and may have forgotten what it acknowledged. The owner of the truth
// then calls Begin with a higher epoch and enqueues what is still owed.
func (q *Queue) Epoch(ctx context.Context) (current int64, empty bool, err error) {
	r, err := q.run(ctx, epochScript, anyEpoch)
	if err != nil {
		return 0, false, fmt.Errorf("read epoch: %w", err)
	}
	if r.text(0) == "" {
		return 0, true, nil
	}
	if current, err = r.number(0); err != nil {
		return 0, false, fmt.Errorf("read epoch: %w", err)
	}
	return current, r.text(1) != "1", nil
}

// Begin starts an epoch, of 1 or more, on an empty line: jobs, leases, accounts and lent pictures are gone, the tray,
// the renderers' offers and the event stream stay. Beginning the current epoch again changes nothing; when the pool is
// further on, Begin returns ErrEpoch.
func (q *Queue) BeginEpoch(ctx context.Context, epoch int64) error {
	if epoch < 1 {
		return fmt.Errorf("begin epoch %d: the first epoch is 1", epoch)
	}
	if !q.embedded {
		if err := q.retireOld(ctx); err != nil {
			return fmt.Errorf("begin epoch %d: %w", epoch, err)
		}
	}
	r, err := q.run(ctx, beginEpochScript, epoch)
	if r.code() == string(EpochChanged) {
		return fmt.Errorf("begin epoch %d: %w: it is at %s", epoch, ErrEpoch, r.text(1))
	}
	if err != nil {
		return fmt.Errorf("begin epoch %d: %w", epoch, err)
	}
	if q.embedded {
		q.firstEpoch.CompareAndSwap(0, epoch)
	}
	if err := q.sweep(ctx, epoch); err != nil {
		return fmt.Errorf("begin epoch %d: sweep: %w", epoch, err)
	}
	return nil
}

// sweep deletes the keys of earlier epochs. Nobody reads them any more, so it need not be one step. Keys of later epochs
// stay: another process may have begun one meanwhile.
func (q *Queue) sweep(ctx context.Context, epoch int64) error {
	prefix := q.opts.epochPrefix()
	return q.deleteKeys(ctx, prefix, func(key string) bool { return epochOf(key, prefix) < epoch })
}

// deleteKeys deletes the keys with a prefix that are to go. It is not one step, so nobody may use these keys any more.
func (q *Queue) deleteKeys(ctx context.Context, prefix string, toGo func(key string) bool) error {
	one := func(ctx context.Context, db *redis.Client) error { return deleteKeysOf(ctx, db, prefix, toGo) }
	switch db := q.db.(type) {
	case *redis.ClusterClient:
		return db.ForEachMaster(ctx, one)
	case *redis.Client:
		return one(ctx, db)
	default:
		return fmt.Errorf("client %T", db)
	}
}

func deleteKeysOf(ctx context.Context, db *redis.Client, prefix string, toGo func(key string) bool) error {
	var cursor uint64
	for {
		keys, next, err := db.Scan(ctx, cursor, globQuote(prefix)+"*", 500).Result()
		if err != nil {
			return err
		}
		keys = slices.DeleteFunc(keys, func(key string) bool { return !toGo(key) })
		if len(keys) > 0 {
			if err := db.Unlink(ctx, keys...).Err(); err != nil {
				return err
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// epochOf reads the epoch of a key, "<prefix>7:line".
func epochOf(key, prefix string) int64 {
	digits, _, _ := strings.Cut(strings.TrimPrefix(key, prefix), ":")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return math.MaxInt64 // not a key of ours
	}
	return n
}

// globQuote keeps the letters that a pattern gives a meaning to as they are.
func globQuote(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}
