package outbox

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/job"
	"darkroom/queue"
	"darkroom/store"
)

// Store is what the outbox needs of the database.
type Store interface {
	jobs
	unqueuedJobs
	epochs
	ownershipStore
	requestData
}

// requestData is what a job needs beside its row.
type requestData interface {
	inputs
	policies
}

type jobs interface {
	Find(ctx context.Context, id string) (store.Job, error)
	Fail(ctx context.Context, id, reason string) (bool, error)
}

type unqueuedJobs interface {
	countedJobs
	Unqueued(ctx context.Context, epoch int64, limit int) ([]store.Job, error)
	NotUpdatedSince(ctx context.Context, epoch int64, since time.Time) ([]string, error)
	MarkEnqueued(ctx context.Context, id string, epoch int64) (bool, error)
	MarkEnqueuedAll(ctx context.Context, epoch int64, ids []string) (unmarked []string, err error)
}

type epochs interface {
	NextEpoch(ctx context.Context, pool string) (int64, error)
	CurrentEpoch(ctx context.Context, pool string) (int64, error)
}

type inputs interface {
	PutInput(ctx context.Context, sha string, data []byte) error
	Input(ctx context.Context, sha string) ([]byte, error)
	AttachInputs(ctx context.Context, id string, spec json.RawMessage, inputs []string) (bool, error)
}

type policies interface {
	Policy(ctx context.Context, server string) (store.Policy, error)
	Pauses(ctx context.Context) ([]store.Pause, error)
}

// Queue is what the outbox needs of the queue.
type Queue interface {
	jobQueue
	pauses
	queueEpochs
	ownedQueue
	checkedQueue
}

type jobQueue interface {
	Enqueue(ctx context.Context, epoch int64, job queue.Job) (queue.EnqueueResult, error)
	RemoveEnded(ctx context.Context, id string) (queue.CancelResult, error)
	PutInput(ctx context.Context, sha string, data []byte) error
	Snapshot(ctx context.Context) (queue.Snapshot, error)
	Reap(ctx context.Context) (int, error)
}

type pauses interface {
	LimitRunning(ctx context.Context, server string, pictures int) error
	Pause(ctx context.Context, s queue.Scope, reason string) error
	Resume(ctx context.Context, s queue.Scope) error
	Pauses(ctx context.Context) ([]queue.Paused, error)
}

type queueEpochs interface {
	Epoch(ctx context.Context) (current int64, empty bool, err error)
	BeginEpoch(ctx context.Context, epoch int64) error
	Verify(ctx context.Context) (lost string, err error)
}

// fetcher downloads attachments; rest.Fetcher is one.
type fetcher interface {
	Fetch(ctx context.Context, address string, most int64) ([]byte, error)
}

// Options are what an Outbox is put together from. All are needed.
type Options struct {
	Store   Store
	Queue   Queue
	Fetcher fetcher
	// Claim tells whether this bot is the one, of several on one database, to do what name stands for.
	Claim    claim
	Failed   func(j job.Job, reason string) // a job was given up, and its owner should be told; it must not block
	Enqueued func()                         // jobs came into the queue; it must not block

	Pool   string        // the queue's pool, as the epochs in SQL are named
	Shared bool          // other bots work on the same database
	Relay  time.Duration // how often SQL is asked for jobs that the queue does not hold
	Audit  time.Duration // how often jobs are looked for that the queue should hold and does not, and Redis's settings
	Verify time.Duration // how often it is asked whether Redis has lost a key, or holds fewer jobs than SQL
	Reap   time.Duration // how often lost leases are looked for
	Now    func() time.Time
	Log    *slog.Logger
}

// claim tells whether this bot is the one, of several on one database, to do what name stands for.
type claim func(ctx context.Context, name string, span time.Duration) (bool, error)

// Outbox brings accepted jobs into the queue.
type Outbox struct {
	opts   Options
	db     Store
	queue  Queue
	log    *slog.Logger
	epochs *epochKeeper
	health *healthCheck
	pauses *pauseSync
	single *enqueuer
	wake   chan struct{} // holds a value when the relay should run at once

	queueFull    atomic.Bool     // the queue takes no more: who waits for room comes before newcomers
	copies       *errgroup.Group // jobs whose input images are copied for the relay
	copyingCount atomic.Int32
	stopped      sync.Once // guards the end of copies
}

// New returns an Outbox.
func New(o Options) *Outbox {
	p := &pauseSync{db: o.Store, queue: o.Queue}
	b := &Outbox{
		opts: o, db: o.Store, queue: o.Queue, log: o.Log, pauses: p, wake: make(chan struct{}, 1),
		copies: new(errgroup.Group),
		epochs: &epochKeeper{
			db: o.Store, queue: o.Queue, pauses: p, claim: o.Claim, pool: o.Pool, shared: o.Shared, now: o.Now, log: o.Log,
			owner: &ownership{db: o.Store, queue: o.Queue, pool: o.Pool, shared: o.Shared, now: o.Now, log: o.Log},
		},
		health: &healthCheck{
			queue: o.Queue, db: o.Store, verify: o.Verify, every: o.Audit, now: o.Now, log: o.Log,
		},
		single: &enqueuer{
			db: o.Store, queue: o.Queue, failed: o.Failed, enqueued: o.Enqueued, log: o.Log,
			copier: &copier{
				db: o.Store, fetcher: o.Fetcher, now: o.Now, decodeSlot: make(chan struct{}, 1), attempt: attemptTimeout,
				decode: decodeTimeout, stopping: make(chan struct{}),
			},
		},
	}
	b.epochs.lost = b.noteLost
	b.copies.SetLimit(maxCopying)
	b.epochs.note()
	return b
}

// Run relays, audits and reaps until ctx is done, and then returns nil, or returns why it cannot go on.
func (o *Outbox) Run(ctx context.Context) error {
	o.epochs.note() // what happened before is not known
	defer context.AfterFunc(ctx, o.stopCopies)()
	defer o.stopCopies()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return o.relay(ctx) })
	group.Go(func() error { return o.reap(ctx) })
	err := group.Wait()
	_ = o.copies.Wait() // copies return no errors
	o.epochs.owner.release(ctx)
	return err
}

// stopCopies ends the copies of input images, also those of interactions that may go on for a moment.
func (o *Outbox) stopCopies() { o.stopped.Do(func() { close(o.single.copier.stopping) }) }

// Wake has the relay run at once.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default: // it will
	}
}

// Ours tells whether the queue surely belongs to this bot's database. It does not at the start, and while the bots of
// another database may use it.
func (o *Outbox) Ours() bool { return o.epochs.owner.ours.Load() }

// AgreedEpoch returns the epoch in which queue and SQL agree, 0 if they do not.
func (o *Outbox) AgreedEpoch(ctx context.Context) (int64, error) { return o.epochs.agreed(ctx) }

// EpochBegan is when the queue's epoch began, as far as this bot knows.
func (o *Outbox) EpochBegan() time.Time { return o.epochs.began() }

// NoteEpoch notes that an epoch began, as the queue's events tell, and has the relay fill the queue.
func (o *Outbox) NoteEpoch(ctx context.Context) {
	o.epochs.heard(ctx)
	o.Wake()
}

// MayHaveRun tells whether a job may have been rendered without this bot's knowledge, in a queue that was lost.
func (o *Outbox) MayHaveRun(j job.Job) bool { return o.epochs.mayHaveRun(j) }

// RemoveEnded takes a job out of the queue if it has ended: it ended on its way in, or was delivered while the queue
// held it once more.
func (o *Outbox) RemoveEnded(ctx context.Context, id string) error {
	return o.single.removeEnded(ctx, id)
}
