package queue

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// The errors a caller may ask for with errors.Is.
var (
	ErrEpoch           = errors.New("the queue was emptied or has moved on to another epoch") // wait until it is begun anew
	ErrFull            = errors.New("the queue is full")                                      // of jobs, or of input pictures
	ErrUndeliveredFull = errors.New("the tray is full")
	ErrNotFound        = errors.New("not in the queue")
)

// Options of a Queue. The zero value of each field is the value named beside it.
type Options struct {
	Pool             string        // "main"; renderers and bots of one pool share a line
	Lease            time.Duration // 30 s; a renderer that was not heard of for so long has lost its job
	MaxErrors        int           // 3; a job that failed so often is given up
	MaxCrashes       int           // 2; a job that took so many renderers with it is given up
	Backoff          time.Duration // 5 s before the second attempt, doubled by each error up to MaxBackoff
	MaxBackoff       time.Duration // 2 min
	MaxWaiting       int           // jobs waiting in the pool; none is no limit
	MaxEvents        int           // 10000 events are kept, about
	KeepEnded        time.Duration // 1 h; an ended job answers repeated calls for so long
	MaxEnded         int           // 10000 of them
	MaxInputs        int64         // 256 MiB of input pictures lent at once
	MaxUndelivered   int           // 200 deliveries
	UndeliveredBytes int64         // 256 MiB
	UndeliveredLease time.Duration // 1 min; a delivery that was taken and not acknowledged comes up again
	ReclaimGrace     time.Duration // 15 s; after a new epoch a job that was Held waits so long for its renderer

	// Now replaces the server's clock, in tests. Nil, as it must be in production, asks Redis inside each script.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	setDefault(&o.Pool, "main")
	setDefault(&o.Lease, 30*time.Second)
	setDefault(&o.MaxErrors, 3)
	setDefault(&o.MaxCrashes, 2)
	setDefault(&o.Backoff, 5*time.Second)
	setDefault(&o.MaxBackoff, 2*time.Minute)
	setDefault(&o.MaxEvents, 10000)
	setDefault(&o.KeepEnded, time.Hour)
	setDefault(&o.MaxEnded, 10000)
	setDefault(&o.MaxInputs, 256<<20)
	setDefault(&o.MaxUndelivered, 200)
	setDefault(&o.UndeliveredBytes, 256<<20)
	setDefault(&o.UndeliveredLease, time.Minute)
	setDefault(&o.ReclaimGrace, 15*time.Second)
	return o
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Queue is one pool's line. Its methods may be called from any goroutine.
//
// A call that returned an error may have had its effect, even several times over: the client repeats what a broken
// connection left unanswered. So every method gives the same answer when it is called again.
type Queue struct {
	db          redis.UniversalClient
	newClient   func() redis.UniversalClient // makes another client, for reads that block
	stopServer  func()                       // ends what serves the client, if it is ours
	opts        Options
	maxPipeline int             // commands in one pipeline
	embedded    bool            // it lives in this process's memory
	server      *embeddedServer // nil for a queue on a Redis server
	firstEpoch  atomic.Int64    // the first epoch of a line that is alone; 0 for any other
	fullHint    string          // why no more jobs may wait, if it is not the operator's wish
}

// Open returns the queue that the clients of connect reach. It is called once for all short calls and once for each
// Watch: a read that blocks must not hold up the others. No connection is made yet.
func Open(connect func() redis.UniversalClient, o Options) *Queue {
	return &Queue{db: connect(), newClient: connect, stopServer: func() {}, opts: o.withDefaults(), maxPipeline: 250}
}

// Close ends the connections. An embedded queue is gone with everything in it.
func (q *Queue) Close() error {
	err := q.db.Close()
	q.stopServer()
	if err != nil {
		return fmt.Errorf("close queue: %w", err)
	}
	return nil
}

// Lease returns how long a lease lasts without a beat.
func (q *Queue) LeaseDuration() time.Duration { return q.opts.Lease }

// Ping asks whether Redis answers.
func (q *Queue) Ping(ctx context.Context) error {
	if err := q.db.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ping queue: %w", err)
	}
	return nil
}

// Quiet silences the Redis client's own lines about lost connections, which it writes to standard error: every call
// returns the error anyway. It is process-wide, so main decides.
func SilenceRedisLog() { redis.SetLogger(discardLogger{}) }

type discardLogger struct{}

// Printf drops the line.
func (discardLogger) Printf(context.Context, string, ...any) {}

func ms(d time.Duration) int64 { return d.Milliseconds() }
