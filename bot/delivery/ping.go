package delivery

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/store"
)

const (
	// pingAfter is how long a job must have taken for a ping: until then its owner still looks.
	pingAfter = 10 * time.Second
	// pingBatch is how many pings one round looks at.
	pingBatch = 1000
)

// pings knows which pings are due.
type pings interface {
	DuePings(ctx context.Context, limit int) ([]store.Post, error)
	BeginPost(ctx context.Context, job, kind, channel string) (p store.Post, begun bool, err error)
	EndPost(ctx context.Context, job, kind string, state store.PostState, message string) error
}

// pingStore is what a pinger needs of the database.
type pingStore interface {
	finder
	pings
	Delivery(ctx context.Context, job string) (store.Delivery, error)
}

// pinger tells people that their jobs have ended, if they asked for that: in one reply to the message of the job. That
// a reply is due is written down when the job is accepted, and that it is being sent before it is sent. A bot that
// finds such a note after a crash repeats the reply while Discord remembers its nonce. After that it gives the ping up:
// no ping is better than two.
type pinger struct {
	db      pingStore
	discord *rest.Client
	rounds  *rounds
	now     func() time.Time
	log     *slog.Logger
}

// all makes the pings that are due.
func (p *pinger) all(ctx context.Context) {
	p.rounds.run(ctx, "ping", func(ctx context.Context) (jobs []string, err error) {
		due, err := p.db.DuePings(ctx, pingBatch)
		for _, d := range due {
			jobs = append(jobs, d.Job)
		}
		return jobs, err
	}, p.ping)
}

// ping makes one ping, or drops it. An error means that it should be tried again.
func (p *pinger) ping(ctx context.Context, id string) error {
	drop := func() error { return p.db.EndPost(ctx, id, store.PingPost, store.PostDropped, "") }
	row, err := p.db.Find(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return drop()
	}
	if err != nil {
		return err
	}
	j, err := job.Read(row)
	if err != nil {
		return drop()
	}
	d, err := p.db.Delivery(ctx, j.ID)
	if err != nil || d.State == store.ReofferDue {
		return err // how it ended is not told yet
	}
	if !wantsPing(j, d) {
		return drop()
	}
	post, begun, err := p.db.BeginPost(ctx, j.ID, store.PingPost, j.Address.Channel)
	if err != nil {
		return err
	}
	if !begun && p.now().Sub(post.At) >= nonceLife {
		return drop()
	}
	m := message.Ping(j.Address.Language, j.User, j.State == store.Failed)
	m.Nonce, m.ReplyTo = "p"+j.ID, j.Message
	posted, err := p.discord.PostMessage(ctx, j.Address.Channel, m)
	switch {
	case err == nil, rest.MessageRemoved(err): // an earlier one arrived, and somebody deleted it
		return p.db.EndPost(ctx, j.ID, store.PingPost, store.PostMade, posted.ID)
	case rest.Final(err): // the message is gone, or the place is closed
		p.log.Info("the owner of a job cannot be pinged", "job", j.ID, "error", rest.Redact(err.Error()))
		return drop()
	}
	return err
}

// wantsPing tells whether a job that has ended is worth a ping: its message shows how it ended, nobody was pinged by
// another message about that, and it took a while. A private message cannot be replied to.
func wantsPing(j job.Job, d store.Delivery) bool {
	if j.Message == "" || j.Message == message.Original || j.Address.Private() || j.Updated.Sub(j.Created) < pingAfter {
		return false
	}
	offered := d.State == store.ReofferMade && d.Message == j.Message
	switch j.State {
	case store.Failed:
		return offered
	case store.Done:
		return offered || d.State != store.Posted && shownInPlace(j.Outcome())
	}
	return false
}

func shownInPlace(out queue.Outcome) bool {
	return out.Delivered == rest.DeliveredPosted || out.Delivered == rest.DeliveredFound
}
