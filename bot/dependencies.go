package bot

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/render/prompt/dynamic"
	"darkroom/store"
)

// Ledger is what the bot needs of the truth; *store.Store is one.
type Store interface {
	jobRows
	jobStates
	epochs
	inputs
	policies
	people
	servers
	deliveries
	metaStore
}

type jobRows interface {
	Accept(ctx context.Context, entries []store.Job, judge func(store.Policy, store.Usage) error) error
	Find(ctx context.Context, id string) (store.Job, error)
	Unfinished(ctx context.Context, user string) ([]store.Job, error)
	Ended(ctx context.Context, since time.Time, limit int) ([]store.Job, error)
	Unacknowledged(ctx context.Context, age time.Duration, limit int) ([]store.Job, error)
	relayStore
}

type relayStore interface {
	Unqueued(ctx context.Context, epoch int64, limit int) ([]store.Job, error)
	NotUpdatedSince(ctx context.Context, epoch int64, since time.Time) ([]string, error)
	MarkEnqueuedAll(ctx context.Context, epoch int64, ids []string) (not []string, err error)
	Claim(ctx context.Context, name, holder string, span time.Duration) (bool, error)
	PruneClaims(ctx context.Context) error
	Pauses(ctx context.Context) ([]store.Pause, error)
}

type jobStates interface {
	Acknowledge(ctx context.Context, id string) (bool, error)
	SetMessage(ctx context.Context, id, message string) (bool, error)
	MarkEnqueued(ctx context.Context, id string, epoch int64) (bool, error)
	MarkLeased(ctx context.Context, id string) (bool, error)
	MarkRequeued(ctx context.Context, id string) (bool, error)
	Finish(ctx context.Context, id, message string, outcome json.RawMessage) (bool, error)
	Fail(ctx context.Context, id, reason string) (bool, error)
	Cancel(ctx context.Context, id string) (bool, error)
	Expire(ctx context.Context, id string) (bool, error)
	RecordCrashes(ctx context.Context, id string, crashes int) (bool, error)
}

type epochs interface {
	NextEpoch(ctx context.Context, pool string) (int64, error)
	CurrentEpoch(ctx context.Context, pool string) (int64, error)
}

type inputs interface {
	PutInput(ctx context.Context, sha string, data []byte) error
	Input(ctx context.Context, sha string) ([]byte, error)
	AttachInputs(ctx context.Context, id string, spec json.RawMessage, inputs []string) (bool, error)
	PruneInputs(ctx context.Context, age time.Duration) (int, error)
}

type policies interface {
	Policy(ctx context.Context, server string) (store.Policy, error)
	SetPolicy(ctx context.Context, server string, p store.Policy, by string) error
	ResetPolicy(ctx context.Context, server, by string) error
	RoleWeights(ctx context.Context, server string) (map[string]int, error)
	SetRoleWeight(ctx context.Context, server, role string, percent int, by string) error
	Usage(ctx context.Context, server, user string) (store.Usage, error)
}

type deliveries interface {
	Delivery(ctx context.Context, job string) (store.Delivery, error)
	MarkSending(ctx context.Context, job, channel string) error
	MarkSent(ctx context.Context, job, channel, message string) error
	FinishWithDelivery(ctx context.Context, id string, outcome json.RawMessage, d store.Delivery, pictures []store.InboxPicture) (bool, error)
	inboxes
}

type inboxes interface {
	PendingOffers(ctx context.Context, limit int) ([]store.Delivery, error)
	MoveToInbox(ctx context.Context, job, reason string) error
	InboxOf(ctx context.Context, user string, since time.Time) ([]store.Delivery, error)
	InboxPictures(ctx context.Context, job string) ([]store.InboxPicture, error)
	MarkInboxShown(ctx context.Context, job string) error
	PruneDeliveries(ctx context.Context, seen, age time.Duration) error
}

type people interface {
	SavePreset(ctx context.Context, user, name string, body json.RawMessage) error
	Presets(ctx context.Context, user string) ([]store.Preset, error)
	Preset(ctx context.Context, user, name string) (store.Preset, error)
	DeletePreset(ctx context.Context, user, name string) error
	Person(ctx context.Context, user string, limit int) (store.Person, error)
	Erase(ctx context.Context, user string) error
	FinishErasures(ctx context.Context) error
	questionStore
}

type questionStore interface {
	PutQuestion(ctx context.Context, a store.Question) error
	Question(ctx context.Context, id string) (store.Question, error)
	DropQuestion(ctx context.Context, id string) (bool, error)
	PruneQuestions(ctx context.Context, age time.Duration) error
}

type servers interface {
	TotalsOf(ctx context.Context, server string, since time.Time) (store.Totals, error)
	AuditLog(ctx context.Context, server string, limit int) ([]store.AuditRecord, error)
	Servers(ctx context.Context) (departed map[string]bool, err error)
	MarkDeparted(ctx context.Context, server string) error
	MarkRejoined(ctx context.Context, server string) error
	ForgetServers(ctx context.Context, age time.Duration) ([]string, error)
}

type metaStore interface {
	Meta(ctx context.Context, name string) (string, error)
	SetMeta(ctx context.Context, name, value string) error
}

// Line is what the bot needs of the queue; *queue.Queue is one.
type Queue interface {
	jobQueue
	pauseQueue
	epochQueue
	undeliveredQueue
}

type jobQueue interface {
	Enqueue(ctx context.Context, epoch int64, job queue.Job) (queue.EnqueueResult, error)
	Cancel(ctx context.Context, id, by string) (queue.CancelResult, error)
	LimitRunning(ctx context.Context, server string, pictures int) error
	PutInput(ctx context.Context, sha string, data []byte) error
	Snapshot(ctx context.Context) (queue.Snapshot, error)
	Counts(ctx context.Context) (waiting, running int, err error)
	Renderers(ctx context.Context) ([]queue.Renderer, error)
}

type pauseQueue interface {
	Pause(ctx context.Context, s queue.Scope, reason string) error
	Resume(ctx context.Context, s queue.Scope) error
	Pauses(ctx context.Context) ([]queue.Paused, error)
}

type epochQueue interface {
	Epoch(ctx context.Context) (current int64, empty bool, err error)
	BeginEpoch(ctx context.Context, epoch int64) error
	Reap(ctx context.Context) (int, error)
	Watch(ctx context.Context, from string, hear func(queue.Event) error) error
}

type undeliveredQueue interface {
	IsUndelivered(ctx context.Context, job string) (bool, error)
	TakeUndelivered(ctx context.Context, n int) ([]queue.Undelivered, error)
	AckUndelivered(ctx context.Context, job string) error
}

// Options are the settings of a Bot. Zero values are replaced by what is said beside them.
type Options struct {
	Token   string           // the bot's token; needed
	Base    string           // REST base; rest.DiscordAPI when empty
	CDN     []string         // hosts (host or host:port) that pictures may be fetched from besides Discord's own
	Pool    string           // the queue's pool, as the epochs in SQL are named; "main"
	Shared  bool             // other bots work on the same ledger: what only one may do is claimed there
	Workers int              // interactions that are handled at once; 64
	HTTP    *http.Client     // for pictures; a client with a timeout of 20 s
	Dial    Dial             // opens the gateway's connections; net.Dialer's
	Now     func() time.Time // time.Now
	Seed    func() int64     // draws seeds; random ones
	Log     *slog.Logger     // a logger that discards

	Wildcards dynamic.Wildcards // what __names__ in prompts stand for; none

	Intervals Intervals

	ForgetAfter time.Duration // a server that removed the bot is forgotten after so long; never when 0
}

// Dial opens a connection, as net.Dialer.DialContext does.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Pace is how often the bot's duties run. Zero values are replaced by the ones beside them.
type Intervals struct {
	Relay       time.Duration // what SQL still owes the queue; 1 s
	Audit       time.Duration // jobs the line should hold and does not show; 1 min
	Reap        time.Duration // leases that ran out; 1 s
	Deliver     time.Duration // late pictures; 2 s
	Positions   time.Duration // places in line told anew, at most this often; 4 s
	Catalog     time.Duration // what renderers can paint; 5 s
	Expire      time.Duration // jobs nobody acknowledged; 5 s
	GatewayIdle time.Duration // a gateway that says nothing for so long is dead; 2 min
	GatewayOpen time.Duration // how long opening a gateway session may take; 30 s
	Retention   time.Duration // what people had erased, and servers that left; 10 min
}

// Parts are what a Bot is put together from.
type Dependencies struct {
	Store   Store
	Queue   Queue
	Discord *rest.Client
	Options Options
}

func (p Dependencies) check() error {
	var errs []error
	if p.Store == nil {
		errs = append(errs, errors.New("no ledger"))
	}
	if p.Queue == nil {
		errs = append(errs, errors.New("no line"))
	}
	if p.Discord == nil {
		errs = append(errs, errors.New("no Discord client"))
	}
	if p.Options.Token == "" {
		errs = append(errs, errors.New("no token"))
	}
	return errors.Join(errs...)
}

func (o Options) withDefaults() Options {
	if o.Base == "" {
		o.Base = rest.DiscordAPI
	}
	if o.Pool == "" {
		o.Pool = "main"
	}
	if o.Workers < 1 {
		o.Workers = 64
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 20 * time.Second}
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Seed == nil {
		// 32 bits, as other tools draw them, so that a seed can be typed there again.
		o.Seed = func() int64 { return rand.Int64N(1<<32) & picture.MaxSeed }
	}
	if o.Wildcards == nil {
		o.Wildcards = dynamic.Folder{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Intervals = o.Intervals.withDefaults()
	return o
}

func (p Intervals) withDefaults() Intervals {
	for at, usual := range map[*time.Duration]time.Duration{
		&p.Relay: time.Second, &p.Audit: time.Minute, &p.Reap: time.Second, &p.Deliver: 2 * time.Second, &p.Positions: 4 * time.Second,
		&p.Catalog: 5 * time.Second, &p.Expire: 5 * time.Second, &p.GatewayIdle: 2 * time.Minute, &p.GatewayOpen: 30 * time.Second,
		&p.Retention: 10 * time.Minute,
	} {
		if *at <= 0 {
			*at = usual
		}
	}
	return p
}
