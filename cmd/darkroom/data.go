package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"darkroom/config"
	"darkroom/queue"
	"darkroom/store"
)

// openData makes the data directory and opens the database.
func openData(ctx context.Context, d config.Data) (*store.Store, error) {
	if err := store.MakeDir(d.Dir); err != nil {
		return nil, err
	}
	return store.Open(ctx, databaseURL(d), store.Options{})
}

// databaseRetryInterval is how often a PostgreSQL server that does not answer is tried again.
const databaseRetryInterval = time.Second

// errStopped means that the program was told to stop before it was ready.
var errStopped = errors.New("stopped")

// awaitData is openData for programs that stay up: it waits for a PostgreSQL server that cannot be reached yet, and for
// room on a full disk, until the program is told to stop.
func awaitData(ctx context.Context, log *slog.Logger, d config.Data) (*store.Store, error) {
	for logged := false; ; logged = true {
		s, err := openData(ctx, d)
		if err == nil || !store.Unreachable(err) && !store.Full(err) {
			return s, err
		}
		if !logged {
			log.Warn("the database does not answer yet", "error", strings.Join(strings.Fields(err.Error()), " "))
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w while the database did not answer", errStopped)
		case <-time.After(databaseRetryInterval):
		}
	}
}

func databaseURL(d config.Data) string {
	if !d.Database.Empty() {
		return d.Database.Text()
	}
	return "sqlite:" + filepath.Join(d.Dir, "darkroom.db")
}

// connectTimeout is how long a start waits for Redis before it logs that Redis does not answer.
const connectTimeout = 5 * time.Second

// openQueue connects to the Redis server of the settings, or makes a queue in this process if there is none. A server
// that does not answer yet is no error: every call to it is tried again. A server that would lose jobs is refused.
func openQueue(ctx context.Context, log *slog.Logger, r config.Redis, l config.Leasing) (*queue.Queue, error) {
	if r.URL.Empty() {
		return queue.Embedded(queueOptions(r, l)), nil
	}
	q, err := dialQueue(r, l)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := q.Ping(ctx); err != nil {
		log.Warn("redis does not answer yet", "error", err)
		return q, nil
	}
	if _, err := q.Check(ctx); err != nil { // the bot logs the warnings; see bot/outbox/health.go
		return nil, errors.Join(err, q.Close())
	}
	return q, nil
}

// dialQueue makes the queue of a Redis server. It does not connect yet.
func dialQueue(r config.Redis, l config.Leasing) (*queue.Queue, error) {
	queue.SilenceRedisLog()
	return queue.Dial(r.URL.Text(), queueOptions(r, l))
}

// queueOptions derives other times from the lease: half a lease for renderers to reclaim their jobs, two leases for a
// delivery that was taken. So short leases, as in tests, shorten them too.
func queueOptions(r config.Redis, l config.Leasing) queue.Options {
	return queue.Options{Pool: r.Pool, Lease: l.Lease, ReclaimGrace: l.Lease / 2, UndeliveredLease: 2 * l.Lease}
}
