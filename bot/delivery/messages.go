package delivery

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
)

// messages reads and edits the messages of jobs: by the interaction's token while that is good, else by the bot's own.
type messages struct {
	discord *rest.Client
	now     func() time.Time
	log     *slog.Logger
}

// errOutOfReach means that the bot has no way to a job's message any more: the message is private, or its id was never
// known, and the token is too old.
var errOutOfReach = errors.New("the token is too old, and the bot has no other way to the message")

// byToken tells whether a job's message can be reached by the interaction's token.
func (m *messages) byToken(j job.Job) bool {
	return j.Address.Token != "" && j.Address.Message != "" && m.now().Before(j.Address.Expires)
}

// edit replaces a job's message, or returns errOutOfReach.
func (m *messages) edit(ctx context.Context, j job.Job, say message.Message) (rest.Message, error) {
	if m.byToken(j) {
		got, err := m.discord.EditResponse(ctx, j.Address, say)
		if err == nil || !rest.Expired(err) {
			return got, err
		}
	}
	if j.Message == "" || j.Address.Ephemeral {
		return rest.Message{}, errOutOfReach
	}
	return m.discord.EditMessage(ctx, j.Address.Channel, j.Message, say)
}

// fetch reads a job's message, or returns errOutOfReach.
func (m *messages) fetch(ctx context.Context, j job.Job) (rest.Message, error) {
	if m.byToken(j) {
		got, err := m.discord.FetchResponse(ctx, j.Address)
		if err == nil || !rest.Expired(err) {
			return got, err
		}
	}
	if j.Message == "" || j.Address.Ephemeral {
		return rest.Message{}, errOutOfReach
	}
	return m.discord.FetchMessage(ctx, j.Address.Channel, j.Message)
}

// closed tells whether err says that a message is there, and that the bot can neither read nor change it: no other try
// can help.
func closed(err error) bool {
	return errors.Is(err, errOutOfReach) || rest.Final(err) && !rest.Removed(err)
}

// stillWaiting looks whether a message still waits for its images. If it shows them, a position must not replace
// them: it would hide from the next renderer that there is nothing left to render.
func (m *messages) stillWaiting(ctx context.Context, j job.Job) bool {
	got, err := m.fetch(ctx, j)
	return err == nil && !got.Has(j.RemixID())
}

// correct replaces a job's message once. What fails is logged: no message is worth stopping a loop for.
func (m *messages) correct(ctx context.Context, j job.Job, say message.Message) {
	if _, err := m.edit(ctx, j, say); err != nil && !rest.Removed(err) && !errors.Is(err, errOutOfReach) {
		m.log.Warn("a message could not be corrected", "job", j.ID, "error", rest.Redact(err.Error()))
	}
}
