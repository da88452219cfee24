package bot

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"darkroom/bot/reply"
	"darkroom/store"
)

const (
	// settled is how old an unacknowledged job must be before it is looked into: by then its answer has arrived, or
	// never will.
	settled = 10 * time.Second
	// doubted is how long Discord is asked about one while it does not answer or does not let the bot look, and how long
	// it is given late pictures.
	doubted = 24 * time.Hour
	// settledMost is how many are looked into at once.
	settledMost = 1000
)

// shut remembers when the bot was last not let in to look for a promise. It asks again when twice the time has passed:
// Discord shuts out who is turned away too often.
type shut map[string]time.Time

// rests tells whether it is too early to ask again.
func (s shut) rests(e store.Entry, now time.Time) bool {
	last, known := s[e.ID]
	return known && now.Sub(last) < last.Sub(e.Created)
}

// forget drops what is no longer open.
func (s shut) forget(open []store.Entry) {
	maps.DeleteFunc(s, func(id string, _ time.Time) bool {
		return !slices.ContainsFunc(open, func(e store.Entry) bool { return e.ID == id })
	})
}

// settlePromises settles jobs whose acknowledgement was never written down. If Discord shows the job, the promise was
// given: the job is painted. If not, nobody was promised anything and the job expires.
func (b *Bot) settlePromises(ctx context.Context) error {
	open, err := b.ledger.Unacknowledged(ctx, settled, settledMost)
	if err != nil {
		return err
	}
	b.shut.forget(open)
	for _, e := range open {
		if b.shut.rests(e, b.o.Now()) {
			continue
		}
		if err := b.settlePromise(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bot) settlePromise(ctx context.Context, e store.Entry) error {
	v, err := see(e)
	if err != nil {
		_, err := b.ledger.Expire(ctx, e.ID) // it could not be painted anyway
		return err
	}
	if v.to.Message == "" && b.o.Now().Sub(e.Created) < turnLimit {
		return nil // its message is still to come, after those of its siblings
	}
	now := b.o.Now()
	p, err := b.answerOf(ctx, e, v)
	switch {
	case err == nil && promises(p, e.ID):
		return b.keepPromise(ctx, e.ID, p.ID)
	case err != nil && now.Sub(e.Created) >= doubted:
	case err != nil && reply.Forbidden(err):
		b.shut[e.ID] = now
		return nil
	case err != nil && !reply.Final(err):
		return nil
	}
	return b.unpromise(ctx, e)
}

// unpromise takes a job back that nobody was promised. One of several, whose message did not come after those of its
// siblings, is named to who asked for them, while they can be told.
func (b *Bot) unpromise(ctx context.Context, e store.Entry) error {
	done, err := b.ledger.Expire(ctx, e.ID)
	if err != nil || !done {
		return err
	}
	to, err := reply.Decode(e.Reply)
	if err != nil || to.Message != "" || !b.o.Now().Before(to.Expires) {
		return nil // its answer is missing as a whole, which Discord says itself
	}
	text := "This one of your prompts was not painted, for its message did not arrive. Ask for it again:\n• " + promptLine(e)
	if _, err := b.discord.Follow(ctx, to, reply.Message{Content: text, Private: true}); err != nil {
		b.log.Warn("who asked for a job was not told that it is not painted", "job", e.ID, "error", reply.Redact(err.Error()))
	}
	return nil
}

// answerOf reads what Discord has as the answer to a job's interaction. When the token is dead a message that is known by
// its id can still be read, and one that is not can be looked for in its channel.
func (b *Bot) answerOf(ctx context.Context, e store.Entry, v view) (reply.Posted, error) {
	p, err := reply.Posted{}, error(errNoMessage)
	asked := v.to.Message != "" && b.o.Now().Before(v.to.Expires)
	if asked {
		p, err = b.discord.Fetch(ctx, v.to)
	}
	switch {
	case asked && !reply.Expired(err) || v.to.Ephemeral:
		return p, err
	case e.Message != "":
		return b.discord.Message(ctx, v.to.Channel, e.Message)
	}
	// Not found is taken for not there even when the search is not sure: it would not be surer the next time.
	found, err := b.discord.Search(ctx, v.to.Channel, askedAt(e), cancelButton(e.ID), remixButton(e.ID))
	return found.Message, err
}

// askedAt is when a job's interaction happened, by Discord's clock.
func askedAt(e store.Entry) time.Time {
	interaction, _, _ := strings.Cut(e.ID, "-")
	if born, ok := bornAt(interaction); ok {
		return born
	}
	return e.Created
}

// promises tells whether a message is this job's own, and no apology or earlier message that the interaction has too.
func promises(p reply.Posted, job string) bool {
	return p.Has(cancelButton(job)) || p.Has(remixButton(job))
}

func (b *Bot) keepPromise(ctx context.Context, id, message string) error {
	if _, err := b.ledger.Answered(ctx, id, message); err != nil {
		return err
	}
	if _, err := b.ledger.Acknowledged(ctx, id); err != nil {
		return err
	}
	b.log.Info("a job was acknowledged before a crash and is painted after all", "job", id)
	poke(b.owing)
	return nil
}
