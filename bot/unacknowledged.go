package bot

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/store"
)

const (
	// settled is how old an unacknowledged job must be before it is looked into: by then its answer has arrived, or
	// never will.
	acknowledgeGrace = 10 * time.Second
	// doubted is how long Discord is asked about one while it does not answer or does not let the bot look, and how long
	// it is given late pictures.
	giveUpAfter = 24 * time.Hour
	// maxUnacknowledged is how many are looked into at once.
	maxUnacknowledged = 1000
)

// shut remembers when the bot was last not let in to look for a promise. It asks again when twice the time has passed:
// Discord shuts out who is turned away too often.
type lookupBackoff map[string]time.Time

// rests tells whether it is too early to ask again.
func (s lookupBackoff) tooEarly(e store.Job, now time.Time) bool {
	last, known := s[e.ID]
	return known && now.Sub(last) < last.Sub(e.Created)
}

// forget drops what is no longer open.
func (s lookupBackoff) keepOnly(open []store.Job) {
	maps.DeleteFunc(s, func(id string, _ time.Time) bool {
		return !slices.ContainsFunc(open, func(e store.Job) bool { return e.ID == id })
	})
}

// resolveUnacknowledged settles jobs whose acknowledgement was never written down. If Discord shows the job, the promise was
// given: the job is painted. If not, nobody was promised anything and the job expires.
func (b *Bot) resolveUnacknowledged(ctx context.Context) error {
	open, err := b.db.Unacknowledged(ctx, acknowledgeGrace, maxUnacknowledged)
	if err != nil {
		return err
	}
	b.lookups.keepOnly(open)
	for _, e := range open {
		if b.lookups.tooEarly(e, b.o.Now()) {
			continue
		}
		if err := b.resolveAcknowledgement(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bot) resolveAcknowledgement(ctx context.Context, e store.Job) error {
	v, err := decodeJob(e)
	if err != nil {
		_, err := b.db.Expire(ctx, e.ID) // it could not be painted anyway
		return err
	}
	if v.address.Message == "" && b.o.Now().Sub(e.Created) < handlerTimeout {
		return nil // its message is still to come, after those of its siblings
	}
	now := b.o.Now()
	p, err := b.findAnswer(ctx, e, v)
	switch {
	case err == nil && showsJob(p, e.ID):
		return b.acknowledgeLate(ctx, e.ID, p.ID)
	case err != nil && now.Sub(e.Created) >= giveUpAfter:
	case err != nil && rest.Forbidden(err):
		b.lookups[e.ID] = now
		return nil
	case err != nil && !rest.Final(err):
		return nil
	}
	return b.expireUnshown(ctx, e)
}

// unpromise takes a job back that nobody was promised. One of several, whose message did not come after those of its
// siblings, is named to who asked for them, while they can be told.
func (b *Bot) expireUnshown(ctx context.Context, e store.Job) error {
	done, err := b.db.Expire(ctx, e.ID)
	if err != nil || !done {
		return err
	}
	to, err := message.DecodeAddress(e.Address)
	if err != nil || to.Message != "" || !b.o.Now().Before(to.Expires) {
		return nil // its answer is missing as a whole, which Discord says itself
	}
	text := "This one of your prompts was not painted, for its message did not arrive. Ask for it again:\n• " + promptLine(e)
	if _, err := b.discord.FollowUp(ctx, to, message.Message{Content: text, Private: true}); err != nil {
		b.log.Warn("who asked for a job was not told that it is not painted", "job", e.ID, "error", rest.Redact(err.Error()))
	}
	return nil
}

// findAnswer reads what Discord has as the answer to a job's interaction. When the token is dead a message that is known by
// its id can still be read, and one that is not can be looked for in its channel.
func (b *Bot) findAnswer(ctx context.Context, e store.Job, v decodedJob) (rest.Message, error) {
	p, err := rest.Message{}, error(errNoMessage)
	asked := v.address.Message != "" && b.o.Now().Before(v.address.Expires)
	if asked {
		p, err = b.discord.FetchResponse(ctx, v.address)
	}
	switch {
	case asked && !rest.Expired(err) || v.address.Ephemeral:
		return p, err
	case e.Message != "":
		return b.discord.FetchMessage(ctx, v.address.Channel, e.Message)
	}
	// Not found is taken for not there even when the search is not sure: it would not be surer the next time.
	found, err := b.discord.FindMessage(ctx, v.address.Channel, interactionTime(e), cancelButton(e.ID), remixButton(e.ID))
	return found.Message, err
}

// interactionTime is when a job's interaction happened, by Discord's clock.
func interactionTime(e store.Job) time.Time {
	interaction, _, _ := strings.Cut(e.ID, "-")
	if born, ok := rest.SnowflakeTime(interaction); ok {
		return born
	}
	return e.Created
}

// promises tells whether a message is this job's own, and no apology or earlier message that the interaction has too.
func showsJob(p rest.Message, job string) bool {
	return p.Has(cancelButton(job)) || p.Has(remixButton(job))
}

func (b *Bot) acknowledgeLate(ctx context.Context, id, message string) error {
	if _, err := b.db.SetMessage(ctx, id, message); err != nil {
		return err
	}
	if _, err := b.db.Acknowledge(ctx, id); err != nil {
		return err
	}
	b.log.Info("a job was acknowledged before a crash and is painted after all", "job", id)
	wake(b.relayWake)
	return nil
}
