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
	db        pingStore
	discord   *rest.Client
	attempts  *attempts
	claim     claim
	claimName string
	now       func() time.Time
	log       *slog.Logger
}

// all makes the pings that are due. A few failures that may pass end the round: Discord is in trouble.
func (p *pinger) all(ctx context.Context) {
	if mine, err := p.claim(ctx, p.claimName, backgroundTimeout); err != nil || !mine {
		return
	}
	due, err := p.db.DuePings(ctx, pingBatch)
	if err != nil && ctx.Err() == nil {
		p.log.Warn("the pings that are due cannot be read", "error", err)
	}
	round, cancel := context.WithTimeout(ctx, backgroundTimeout)
	defer cancel()
	failed := 0
	for _, d := range due {
		if !p.attempts.due(d.Job, p.now()) {
			continue
		}
		err := p.ping(round, d)
		if err == nil {
			p.attempts.forget(d.Job)
			continue
		}
		if ctx.Err() != nil {
			return
		}
		p.attempts.fail(d.Job, p.now())
		p.log.Warn("the owner of a job is not pinged yet", "job", d.Job, "error", rest.Redact(err.Error()))
		if failed++; failed == maxFailedRetries {
			return
		}
	}
}

// ping makes one ping, or drops it. An error means that it should be tried again.
func (p *pinger) ping(ctx context.Context, due store.Post) error {
	drop := func() error { return p.db.EndPost(ctx, due.Job, store.PingPost, store.PostDropped, "") }
	row, err := p.db.Find(ctx, due.Job)
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
	if !wantsPing(j, d) || due.State == store.PostSending && p.now().Sub(due.At) >= nonceLife {
		return drop()
	}
	if _, _, err := p.db.BeginPost(ctx, j.ID, store.PingPost, j.Address.Channel); err != nil {
		return err
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
