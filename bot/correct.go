package bot

import (
	"context"
	"net/http"

	"darkroom/bot/reply"
	"darkroom/render/picture"
	"darkroom/store"
)

// view is a job's two opaque parts, read.
type view struct {
	to   reply.To
	spec picture.Spec
}

func see(e store.Entry) (view, error) {
	to, err := reply.Decode(e.Reply)
	if err != nil {
		return view{}, err
	}
	spec, err := picture.Decode(e.Spec)
	return view{addressed(to, e), spec}, err
}

// addressed completes the address of a job whose message is a further one under its interaction: its id was not known
// when the job was written down.
func addressed(to reply.To, e store.Entry) reply.To {
	if to.Message == "" {
		to.Message = e.Message
	}
	return to
}

// errNoMessage means that a job has no message yet that could be read or changed.
var errNoMessage = &reply.Error{Status: http.StatusNotFound, Code: 10008}

// correct makes a job's message say what is true: by the interaction's token while that is good, else by the bot's own.
// It is tried once; what fails is logged, since no message is worth stopping a duty for.
func (b *Bot) correct(ctx context.Context, e store.Entry, say func(view) reply.Message) {
	v, err := see(e)
	if err != nil {
		b.log.Error("a job cannot be read", "job", e.ID, "error", err)
		return
	}
	if err := b.edit(ctx, e, v, say(v)); err != nil && !reply.Removed(err) {
		b.log.Warn("a message could not be corrected", "job", e.ID, "error", reply.Redact(err.Error()))
	}
}

// edit replaces a job's message.
func (b *Bot) edit(ctx context.Context, e store.Entry, v view, m reply.Message) error {
	if v.to.Token != "" && v.to.Message != "" && b.o.Now().Before(v.to.Expires) {
		_, err := b.discord.Edit(ctx, v.to, m)
		if err == nil || !reply.Expired(err) {
			return err
		}
	}
	if e.Message == "" || v.to.Ephemeral {
		return nil // nobody can reach it any more
	}
	_, err := b.discord.EditMessage(ctx, v.to.Channel, e.Message, m)
	return err
}

// look reads a job's message.
func (b *Bot) look(ctx context.Context, e store.Entry, v view) (reply.Posted, error) {
	if v.to.Message == "" {
		return reply.Posted{}, errNoMessage
	}
	if v.to.Token != "" && b.o.Now().Before(v.to.Expires) {
		p, err := b.discord.Fetch(ctx, v.to)
		if err == nil || !reply.Expired(err) {
			return p, err
		}
	}
	return b.discord.Message(ctx, v.to.Channel, e.Message)
}
