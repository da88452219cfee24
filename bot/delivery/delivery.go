package delivery

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/queue/backoff"
	"darkroom/render/picture"
	"darkroom/store"
)

// Store is what delivery needs of the database.
type Store interface { //nolint:interfacebloat // the sum of what its parts need
	finder
	meta
	runStates
	ends
	acknowledgements
	posts
	reoffers
	endedJobs
	pings
}

type finder interface {
	Find(ctx context.Context, id string) (store.Job, error)
}

type meta interface {
	Meta(ctx context.Context, name string) (string, error)
	SetMeta(ctx context.Context, name, value string) error
}

type runStates interface {
	MarkLeased(ctx context.Context, id string) (bool, error)
	RecordCrashes(ctx context.Context, id string, crashes int) (bool, error)
	MarkRequeued(ctx context.Context, id string) (bool, error)
}

type ends interface {
	Finish(ctx context.Context, id, message string, outcome json.RawMessage) (bool, error)
	FinishWithDelivery(
		ctx context.Context, id string, outcome json.RawMessage, d store.Delivery, pictures []store.InboxPicture,
	) (bool, error)
	Fail(ctx context.Context, id, reason string) (bool, error)
	Cancel(ctx context.Context, id string) (bool, error)
}

type acknowledgements interface {
	Unacknowledged(ctx context.Context, age time.Duration, limit int) ([]store.Job, error)
	Acknowledge(ctx context.Context, id, message string) (bool, error)
	Expire(ctx context.Context, id string) (bool, error)
}

type posts interface {
	Delivery(ctx context.Context, job string) (store.Delivery, error)
	MarkSending(ctx context.Context, job, channel, message string) error
	MarkSent(ctx context.Context, job, channel, message string) error
}

type reoffers interface {
	PendingOffers(ctx context.Context, limit int) ([]store.Delivery, error)
	MoveToInbox(ctx context.Context, job, reason string) error
}

type endedJobs interface {
	Ended(ctx context.Context, since time.Time, limit int) ([]store.Job, error)
}

// Queue is what delivery needs of the queue.
type Queue interface {
	snapshots
	undeliveredResults
	givesUp
	Counts(ctx context.Context) (waiting, running int, err error)
	Watch(ctx context.Context, from string, hear func(queue.Event) error) error
}

type snapshots interface {
	Snapshot(ctx context.Context) (queue.Snapshot, error)
	Renderers(ctx context.Context) ([]queue.Renderer, error)
}

type undeliveredResults interface {
	IsUndelivered(ctx context.Context, job string) (bool, error)
	TakeUndelivered(ctx context.Context, n int) ([]queue.Undelivered, error)
	AckUndelivered(ctx context.Context, job string) error
}

// outbox is what brings jobs into the queue and knows its epochs.
type outbox interface {
	epochs
	Wake()
	Ours() bool
	RemoveEnded(ctx context.Context, job string) error
}

type epochs interface {
	EpochBegan() time.Time
	NoteEpoch(ctx context.Context)
	MayHaveRun(j job.Job) bool
}

// Options are what a Delivery is put together from. All are needed.
type Options struct {
	Store   Store
	Queue   Queue
	Discord *rest.Client
	Outbox  outbox
	Learn   func(s picture.Spec, millis map[string]int64) // takes the measured times of a finished job
	// Claim tells whether this bot is the one, of several on one database, to do what name stands for.
	Claim claim

	Pool           string        // the queue's pool
	Positions      time.Duration // positions are told again at most this often
	Deliver        time.Duration // how often undelivered results are looked for
	Expire         time.Duration // how often unacknowledged jobs and the retry list are looked at
	HandlerTimeout time.Duration // how long the handler of an interaction may still post messages of its jobs
	Now            func() time.Time
	Log            *slog.Logger
}

type claim func(ctx context.Context, name string, span time.Duration) (bool, error)

// Delivery keeps the messages of jobs true.
type Delivery struct {
	shown       *shownStates
	view        *queueView
	corrections *corrector
	positions   *positions
	events      *events
	late        *lateResults
	reoffers    *reofferer
	pings       *pinger
	unanswered  *unacknowledged
	ended       endedJobs

	deliverEvery, expireEvery time.Duration
	log                       *slog.Logger
}

// New returns a Delivery.
func New(o Options) *Delivery {
	m := &messages{discord: o.Discord, now: o.Now, log: o.Log}
	c := &corrector{
		db: o.Store, messages: m, background: newBackground(o.Log), retries: newRetryList(), attempts: newAttempts(),
		now: o.Now, log: o.Log,
	}
	shown, view := newShownStates(), newQueueView(o.Queue, o.Now)
	p := &positions{
		db: o.Store, counts: o.Queue, claim: o.Claim, claimName: "places:" + o.Pool, interval: o.Positions, epochs: o.Outbox,
		messages: m, corrections: c, shown: shown, view: view, now: o.Now, wake: make(chan struct{}, 1),
		lost:     map[string]lostPosition{},
		stranded: &strandedJobs{db: o.Store, queue: o.Queue, now: o.Now, log: o.Log, since: map[string]time.Time{}},
	}
	e := &endings{db: o.Store}
	posts := &poster{db: o.Store, discord: o.Discord, now: o.Now, log: o.Log}
	return &Delivery{
		shown: shown, view: view, corrections: c, positions: p,
		events: &events{
			queue: o.Queue, db: o.Store, endings: e, corrections: c, shown: shown, view: view, positions: p, epochs: o.Outbox,
			learn: o.Learn,
			now:   o.Now, log: o.Log, position: position{db: o.Store, name: "events:" + o.Pool, log: o.Log},
		},
		late: &lateResults{
			queue: o.Queue, db: o.Store, endings: e, posts: posts, outbox: o.Outbox, corrections: c, attempts: newAttempts(),
			now: o.Now, log: o.Log,
		},
		reoffers: &reofferer{
			db: o.Store, posts: posts, discord: o.Discord, corrections: c, rounds: o.rounds("offers:"), now: o.Now, log: o.Log,
		},
		pings: &pinger{
			db: o.Store, discord: o.Discord, rounds: o.rounds("pings:"), now: o.Now, log: o.Log,
		},
		unanswered: &unacknowledged{
			db: o.Store, discord: o.Discord, wakeRelay: o.Outbox.Wake, lookups: lookupBackoff{},
			handlerTimeout: o.HandlerTimeout,
			now:            o.Now, log: o.Log,
		},
		ended: o.Store, deliverEvery: o.Deliver, expireEvery: o.Expire, log: o.Log,
	}
}

func (o Options) rounds(claimName string) *rounds {
	return &rounds{attempts: newAttempts(), claim: o.Claim, claimName: claimName + o.Pool, now: o.Now, log: o.Log}
}

// Run does all of it until ctx is done, and then returns nil. Messages that are being corrected are waited for.
func (d *Delivery) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, loop := range []func(context.Context) error{d.events.run, d.positions.run, d.deliver, d.expire, d.repair} {
		group.Go(func() error { return loop(ctx) })
	}
	err := group.Wait()
	return err
}

// Wait waits for the messages that are being corrected in the background.
func (d *Delivery) Wait() { d.corrections.background.wait() }

// deliver brings undelivered results, offers to render again what is lost, tells of jobs that failed, and pings.
func (d *Delivery) deliver(ctx context.Context) error {
	for {
		if more := d.late.deliver(ctx); more {
			continue
		}
		d.reoffers.all(ctx)
		d.pings.all(ctx)
		if backoff.Sleep(ctx, d.deliverEvery) != nil {
			return nil
		}
	}
}

// expire decides about jobs whose acknowledgement was never noted, and corrects the messages on the retry list.
func (d *Delivery) expire(ctx context.Context) error {
	for {
		if err := d.unanswered.resolveAll(ctx); err != nil && ctx.Err() == nil {
			d.log.Warn("unacknowledged jobs could not be decided about", "error", rest.Redact(err.Error()))
		}
		d.corrections.retry(ctx)
		if backoff.Sleep(ctx, d.expireEvery) != nil {
			return nil
		}
	}
}

// Estimate says where a job will stand in the queue that is just being accepted, and notes that its first message
// shows it. It must be called before that message is sent: what is noted later is newer. If the queue does not answer
// at once, the position is not known.
func (d *Delivery) Estimate(ctx context.Context, j job.Job, p store.Policy) message.QueueStatus {
	st := d.positions.estimate(ctx, j.ForQueue(p))
	d.shown.set(j.ID, st, d.positions.now())
	return st
}

// Foretell returns how long it would take until the last of these jobs has ended, if they were accepted now. known is
// false if nobody can tell, as while no renderer is online.
func (d *Delivery) Foretell(ctx context.Context, jobs []job.Job, p store.Policy) (longest time.Duration, known bool) {
	var all []queue.Job
	for _, j := range jobs {
		all = append(all, j.ForQueue(p))
	}
	return d.view.foretell(ctx, all)
}

// Forget takes back what Estimate noted: the first message was not sent.
func (d *Delivery) Forget(id string) { d.shown.forget(id) }

// LosePosition has the message of a job say that its position is not known: the job could not be enqueued.
func (d *Delivery) LosePosition(j job.Job) {
	d.view.invalidate()
	d.positions.lose(j)
}

// QueueChanged notes that jobs joined or left the queue by this bot's hand, so that positions are told again.
func (d *Delivery) QueueChanged() { d.positions.wakeUp() }

// JobRemoved notes that a job is about to leave the queue: the next newcomer stands further to the front.
func (d *Delivery) JobRemoved() { d.view.invalidate() }

// Status is what a waiting message says about a job of a snapshot.
func (d *Delivery) Status(
	s queue.Snapshot, j queue.JobStatus, estimates map[string]queue.Estimate,
) message.QueueStatus {
	return d.positions.status(s, j, estimates)
}

// ShowFailed says in a job's message that it was given up. It does not wait for it.
func (d *Delivery) ShowFailed(j job.Job, reason string) {
	d.shown.forget(j.ID)
	d.corrections.correctInBackground(apology(j, reason))
}

// ShowCancelled says in a job's message that it was cancelled. It does not wait for it.
func (d *Delivery) ShowCancelled(j job.Job) {
	d.shown.forget(j.ID)
	d.corrections.inBackground(j, message.Cancelled(j.Address, j.Spec, j.ID))
}

// ExpireUnshown takes a job back whose message was not sent.
func (d *Delivery) ExpireUnshown(ctx context.Context, j job.Job) error {
	return d.unanswered.expire(ctx, j)
}
