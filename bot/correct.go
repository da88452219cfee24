package bot

import (
	"context"
	"net/http"

	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/render/picture"
	"darkroom/store"
)

// view is a job's two opaque parts, read.
type decodedJob struct {
	address message.Address
	spec    picture.Spec
}

func decodeJob(e store.Job) (decodedJob, error) {
	to, err := message.DecodeAddress(e.Address)
	if err != nil {
		return decodedJob{}, err
	}
	spec, err := picture.Decode(e.Spec)
	return decodedJob{completeAddress(to, e), spec}, err
}

// addressed completes the address of a job whose message is a further one under its interaction: its id was not known
// when the job was written down.
func completeAddress(to message.Address, e store.Job) message.Address {
	if to.Message == "" {
		to.Message = e.Message
	}
	return to
}

// errNoMessage means that a job has no message yet that could be read or changed.
var errNoMessage = &rest.Error{Status: http.StatusNotFound, Code: 10008}

// correct makes a job's message say what is true: by the interaction's token while that is good, else by the bot's own.
// It is tried once; what fails is logged, since no message is worth stopping a duty for.
func (b *Bot) correct(ctx context.Context, e store.Job, say func(decodedJob) message.Message) {
	v, err := decodeJob(e)
	if err != nil {
		b.log.Error("a job cannot be read", "job", e.ID, "error", err)
		return
	}
	if err := b.editMessage(ctx, e, v, say(v)); err != nil && !rest.Removed(err) {
		b.log.Warn("a message could not be corrected", "job", e.ID, "error", rest.Redact(err.Error()))
	}
}

// edit replaces a job's message.
func (b *Bot) editMessage(ctx context.Context, e store.Job, v decodedJob, m message.Message) error {
	if v.address.Token != "" && v.address.Message != "" && b.o.Now().Before(v.address.Expires) {
		_, err := b.discord.EditResponse(ctx, v.address, m)
		if err == nil || !rest.Expired(err) {
			return err
		}
	}
	if e.Message == "" || v.address.Ephemeral {
		return nil // nobody can reach it any more
	}
	_, err := b.discord.EditMessage(ctx, v.address.Channel, e.Message, m)
	return err
}

// look reads a job's message.
func (b *Bot) fetchMessage(ctx context.Context, e store.Job, v decodedJob) (rest.Message, error) {
	if v.address.Message == "" {
		return rest.Message{}, errNoMessage
	}
	if v.address.Token != "" && b.o.Now().Before(v.address.Expires) {
		p, err := b.discord.FetchResponse(ctx, v.address)
		if err == nil || !rest.Expired(err) {
			return p, err
		}
	}
	return b.discord.FetchMessage(ctx, v.address.Channel, e.Message)
}
