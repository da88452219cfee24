package bot

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"darkroom/bot/gateway"
	"darkroom/bot/rest"
	"darkroom/render/picture"
	"darkroom/render/prompt/dynamic"
)

// Parts are what a Bot is put together from.
type Parts struct {
	Store   Store
	Queue   Queue
	Discord *rest.Client
	Options Options
}

// Options are the settings of a Bot. Zero values are replaced by what is said beside them.
type Options struct {
	Token   string           // the bot's token; needed
	Base    string           // REST base; rest.DiscordAPI when empty
	CDN     []string         // hosts (host or host:port) that images may be fetched from besides Discord's own
	Pool    string           // the queue's pool, as the epochs in SQL are named; "main"
	Shared  bool             // other bots work on the same database: what only one may do is claimed there
	Workers int              // interactions that are handled at once; 64
	HTTP    *http.Client     // for images; a client with a timeout of 20 s
	Dial    gateway.Dial     // opens the gateway's connections; net.Dialer's
	Now     func() time.Time // time.Now
	Seed    func() int64     // draws seeds; random ones
	Log     *slog.Logger     // a logger that discards

	Plain bool // new messages of jobs have the older form: no cards, which are Components V2

	Wildcards dynamic.Wildcards // what __names__ in prompts stand for; none
	Upscaler  string            // of models without one of their own, by its name; the first that a renderer has

	Intervals Intervals

	ForgetAfter time.Duration // a server that removed the bot is forgotten after so long; never when 0
}

// Intervals are how often the bot's loops run. Zero values are replaced by the ones beside them.
type Intervals struct {
	Relay       time.Duration // accepted jobs that the queue does not hold; 1 s
	Audit       time.Duration // jobs that the queue should hold and does not show, Redis's settings; 1 min
	Verify      time.Duration // keys that Redis lost, and fewer jobs in it than in SQL; 5 s
	Reap        time.Duration // leases that ran out; 1 s
	Deliver     time.Duration // undelivered results; 2 s
	Positions   time.Duration // positions are told again at most this often; 4 s
	Catalog     time.Duration // what renderers can render; 5 s
	Expire      time.Duration // jobs whose acknowledgement was never noted; 5 s
	GatewayIdle time.Duration // a gateway that says nothing for so long is dead; 2 min
	GatewayOpen time.Duration // how long opening a gateway session may take; 30 s
	Retention   time.Duration // people who are being erased, and servers that left; 10 min
}

func (p Parts) check() error {
	var errs []error
	if p.Store == nil {
		errs = append(errs, errors.New("no store"))
	}
	if p.Queue == nil {
		errs = append(errs, errors.New("no queue"))
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

func (i Intervals) withDefaults() Intervals {
	for at, usual := range map[*time.Duration]time.Duration{
		&i.Relay: time.Second, &i.Audit: time.Minute,
		&i.Verify: 5 * time.Second, &i.Reap: time.Second, &i.Deliver: 2 * time.Second,
		&i.Positions: 4 * time.Second,
		&i.Catalog:   5 * time.Second, &i.Expire: 5 * time.Second, &i.GatewayIdle: 2 * time.Minute,
		&i.GatewayOpen: 30 * time.Second,
		&i.Retention:   10 * time.Minute,
	} {
		if *at <= 0 {
			*at = usual
		}
	}
	return i
}
