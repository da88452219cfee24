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

// Epoch returns the epoch of the pool. If empty is true, the queue cannot be trusted: no epoch has begun, or the server
// has restarted or was replaced, and may have lost acknowledged writes. The bot then calls BeginEpoch with a higher
// number and enqueues every unfinished job.
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

// BeginEpoch starts an epoch, 1 or higher, with an empty queue: jobs, leases, accounts and input images are gone.
// Undelivered results, announced renderers and the event stream stay. Beginning the current epoch again changes
// nothing. If the pool has a later epoch, BeginEpoch returns ErrEpoch. While renderers of the version before may still
// be posting, it returns an error that says how long; see retire.go.
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

// sweep deletes the keys of earlier epochs. Nobody reads them any more, so it need not be one step. Keys of later
// epochs stay: another process may have begun one meanwhile.
func (q *Queue) sweep(ctx context.Context, epoch int64) error {
	prefix := q.opts.epochPrefix()
	return q.deleteKeys(ctx, prefix, func(key string) bool { return epochOf(key, prefix) < epoch })
}

// deleteKeys deletes the keys with a prefix for which toGo is true. It is not one step, so nobody may use these keys
// any more.
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

// epochOf reads the epoch of a key, "<prefix>7:counters".
func epochOf(key, prefix string) int64 {
	digits, _, _ := strings.Cut(strings.TrimPrefix(key, prefix), ":")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return math.MaxInt64 // not one of our keys
	}
	return n
}

// globQuote escapes the characters that have a meaning in a pattern.
func globQuote(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}
