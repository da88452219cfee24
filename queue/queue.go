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
	ErrEpoch           = errors.New("the queue has no epoch, or another one") // wait for the next epoch
	ErrFull            = errors.New("the queue is full")                      // of jobs or input images
	ErrUndeliveredFull = errors.New("too many undelivered results")
	ErrNotFound        = errors.New("not in the queue")
)

// Options of a Queue. The zero value of a field means the value in its comment. The program sets Pool, Lease,
// ReclaimGrace and UndeliveredLease itself: the lease is --lease (config/settings.go), the other two times are half a
// lease and two leases (queueOptions in cmd/darkroom/data.go).
type Options struct {
	Pool             string        // "main"; renderers and bots of one pool share a queue
	Lease            time.Duration // 30 s; a renderer without a heartbeat for this time has lost its job
	MaxErrors        int           // 3; a job that failed this often ends
	MaxCrashes       int           // 2; a job that crashed this many renderers ends
	Backoff          time.Duration // 5 s before the second attempt, doubled by each error up to MaxBackoff
	MaxBackoff       time.Duration // 2 min
	MaxWaiting       int           // limit of waiting jobs in the pool; no limit
	MaxEvents        int           // 10000; about this many events are kept
	KeepEnded        time.Duration // 1 h; a tombstone answers repeated calls for this time
	MaxEnded         int           // 10000 tombstones
	MaxInputs        int64         // 256 MiB of input images
	MaxUndelivered   int           // 200 undelivered results
	UndeliveredBytes int64         // 256 MiB
	UndeliveredLease time.Duration // 1 min; a result that was taken and not acknowledged comes up again
	ReclaimGrace     time.Duration // 15 s; after a new epoch a WasRunning job waits this long for its renderer

	// Now replaces the server's clock in tests. In production it must be nil: then each script asks Redis.
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

// Queue is the queue of one pool. Its methods may be called from any goroutine.
//
// A call that returned an error may have had its effect, even several times: the client repeats a call after a broken
// connection. So every method gives the same answer when it is called again.
type Queue struct {
	db          redis.UniversalClient
	newClient   func() redis.UniversalClient // makes another client, for blocking reads
	stopServer  func()                       // stops the embedded server
	opts        Options
	maxPipeline int             // commands in one pipeline
	embedded    bool            // it is in this process's memory
	server      *embeddedServer // nil for a queue on a Redis server
	firstEpoch  atomic.Int64    // the first epoch of an embedded queue; 0 for any other
	fullHint    string          // why no more jobs may wait, if it is not an option
	cards       cardCache       // of the renderers that were listed last
}

// Open returns the queue that the clients of connect reach. It calls connect once for all short calls and once for each
// Watch: a blocking read must not delay the others. It does not connect yet.
func Open(connect func() redis.UniversalClient, o Options) *Queue {
	return &Queue{db: connect(), newClient: connect, stopServer: func() {}, opts: o.withDefaults(), maxPipeline: 250}
}

// Close closes the connections. An embedded queue is gone with everything in it.
func (q *Queue) Close() error {
	err := q.db.Close()
	q.stopServer()
	if err != nil {
		return fmt.Errorf("close queue: %w", err)
	}
	return nil
}

// LeaseDuration returns how long a lease lasts without a heartbeat.
func (q *Queue) LeaseDuration() time.Duration { return q.opts.Lease }

// Ping checks that Redis answers.
func (q *Queue) Ping(ctx context.Context) error {
	if err := q.db.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ping queue: %w", err)
	}
	return nil
}

// SilenceRedisLog drops the Redis client's own lines about lost connections on standard error: every call returns the
// error anyway. It affects the whole process, so main decides.
func SilenceRedisLog() { redis.SetLogger(discardLogger{}) }

type discardLogger struct{}

// Printf drops the line.
func (discardLogger) Printf(context.Context, string, ...any) {}

func ms(d time.Duration) int64 { return d.Milliseconds() }
