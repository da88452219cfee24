package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/store"
)

// nonceLife is for how long a repeated post surely returns the first one. Discord remembers a nonce for "a few
// minutes". Source: Discord, resources/message, "enforce_nonce".
const nonceLife = time.Minute

// Why a message could not be posted. The texts are what its owner reads.
var (
	errUndeliverable error = reason(message.ReasonUndeliverable)
	errMaybePosted   error = reason(message.ReasonMaybePosted)
)

// reason is a sentence for people that travels as an error.
type reason string

// Error returns the sentence.
func (r reason) Error() string { return string(r) }

// poster makes idempotent posts.
type poster struct {
	db      posts
	discord *rest.Client
	now     func() time.Time
	log     *slog.Logger
}

// idempotentPost is a new message about a job that must appear once: late images, or an offer to render them again.
// Before it is posted, its channel is written down. A bot that finds such a note after a crash repeats the post while
// Discord remembers its nonce, and looks for the message after that; if it cannot look, it posts nothing.
type idempotentPost struct {
	*poster
	job      job.Job
	recorded store.Delivery
	marker   string // a custom_id that only this message carries
	message  message.Message
}

// begin begins a post, or goes on with an earlier one. The message gets a nonce, and its job's owner is pinged.
func (p *poster) begin(ctx context.Context, j job.Job, marker string, m message.Message) (*idempotentPost, error) {
	m.Nonce, m.AllowUsers = j.ID, []string{j.Address.User}
	known, err := p.db.Delivery(ctx, j.ID)
	return &idempotentPost{poster: p, job: j, recorded: known, marker: marker, message: m}, err
}

// send posts the message, unless an earlier post of it arrived. Its errors are those of sendNew.
func (p *idempotentPost) send(ctx context.Context) error {
	if posted, err := p.resolveEarlier(ctx); posted || err != nil {
		return err
	}
	return p.sendNew(ctx)
}

// sendNew posts the message where it can be posted: in the job's channel unless it is private, else in direct
// messages. It returns errUndeliverable when both are closed, or why it should be tried again later.
func (p *idempotentPost) sendNew(ctx context.Context) error {
	err := errUndeliverable
	if !p.job.Address.Ephemeral {
		err = p.postInto(ctx, p.job.Address.Channel)
	}
	if errors.Is(err, errUndeliverable) || rest.Final(err) && !rest.TooLarge(err) {
		err = p.sendDM(ctx)
	}
	return err
}

// resolveEarlier finds out what became of an earlier post, if there was one. posted tells that it arrived. It returns
// errMaybePosted if it may have arrived and the bot may not look.
func (p *idempotentPost) resolveEarlier(ctx context.Context) (posted bool, err error) {
	switch {
	case p.recorded.State == store.Posted:
		return true, nil
	case p.recorded.Channel == "" || p.recorded.Message != "":
		return false, nil
	}
	if p.now().Sub(p.recorded.At) < nonceLife {
		err := p.post(ctx, p.recorded.Channel)
		if err == nil || !rest.Final(err) {
			return err == nil, err
		}
	}
	// A minute of grace: clocks differ, and an id made by Discord's is compared with ours.
	found, err := p.discord.FindMessage(ctx, p.recorded.Channel, p.recorded.At.Add(-time.Minute), p.marker)
	switch {
	case rest.Removed(err):
		return false, nil // the channel was deleted, and the message with it
	case rest.Final(err) || err == nil && !found.Conclusive:
		return false, errMaybePosted
	case err != nil:
		return false, fmt.Errorf("look for an earlier post: %w", err)
	case found.Message.ID == "":
		return false, nil
	}
	_, err = p.discord.Complete(ctx, p.recorded.Channel, found.Message, p.message)
	switch {
	case rest.MessageRemoved(err):
		return true, p.recordPosted(ctx, p.recorded.Channel, "")
	case err != nil:
		return false, fmt.Errorf("complete an earlier post: %w", err)
	}
	return true, p.recordPosted(ctx, p.recorded.Channel, found.Message.ID)
}

// postInto posts the message in a channel, once the intent is written down.
func (p *idempotentPost) postInto(ctx context.Context, channel string) error {
	if err := p.db.MarkSending(ctx, p.job.ID, channel, ""); err != nil {
		return err
	}
	return p.post(ctx, channel)
}

// post posts the message. If Discord knows its nonce and not the message, an earlier post arrived, and somebody deleted
// the message: that is no error, and no message is noted. Source: discord-api-docs, issue 6647.
func (p *idempotentPost) post(ctx context.Context, channel string) error {
	if p.job.Address.Ephemeral && channel == p.job.Address.Channel {
		return errUndeliverable // whatever was written down: it is private
	}
	m, err := p.discord.PostMessage(ctx, channel, p.message)
	if rest.MessageRemoved(err) {
		return p.recordPosted(ctx, channel, "")
	}
	if err != nil {
		return fmt.Errorf("post late: %w", err)
	}
	return p.recordPosted(ctx, channel, m.ID)
}

// recordPosted notes where the message is. The id is empty if it was deleted.
func (p *idempotentPost) recordPosted(ctx context.Context, channel, id string) error {
	if err := p.db.MarkSent(ctx, p.job.ID, channel, id); err != nil {
		return err
	}
	p.recorded.State, p.recorded.Channel, p.recorded.Message = store.Posted, channel, id
	return nil
}

func (p *idempotentPost) sendDM(ctx context.Context) error {
	channel, err := p.discord.OpenDM(ctx, p.job.Address.User)
	if err == nil {
		err = p.postInto(ctx, channel)
	}
	if rest.Final(err) && !rest.TooLarge(err) {
		p.log.Info("direct messages are closed", "job", p.job.ID, "error", rest.Redact(err.Error()))
		return errUndeliverable
	}
	return err
}
