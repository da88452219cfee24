package delivery

import (
	"context"
	"log/slog"
	"net/http"
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

// errNoMessage means that a job has no message yet that could be read or changed.
var errNoMessage = &rest.Error{Status: http.StatusNotFound, Code: 10008}

// edit replaces a job's message.
func (m *messages) edit(ctx context.Context, j job.Job, say message.Message) error {
	if j.Address.Token != "" && j.Address.Message != "" && m.now().Before(j.Address.Expires) {
		_, err := m.discord.EditResponse(ctx, j.Address, say)
		if err == nil || !rest.Expired(err) {
			return err
		}
	}
	if j.Message == "" || j.Address.Ephemeral {
		return nil // nobody can reach it any more
	}
	_, err := m.discord.EditMessage(ctx, j.Address.Channel, j.Message, say)
	return err
}

// fetch reads a job's message.
func (m *messages) fetch(ctx context.Context, j job.Job) (rest.Message, error) {
	if j.Address.Message == "" {
		return rest.Message{}, errNoMessage
	}
	if j.Address.Token != "" && m.now().Before(j.Address.Expires) {
		got, err := m.discord.FetchResponse(ctx, j.Address)
		if err == nil || !rest.Expired(err) {
			return got, err
		}
	}
	return m.discord.FetchMessage(ctx, j.Address.Channel, j.Message)
}

// stillWaiting looks whether a message still waits for its pictures. If it shows them, a position must not replace
// them: it would hide from the next renderer that there is nothing left to paint.
func (m *messages) stillWaiting(ctx context.Context, j job.Job) bool {
	got, err := m.fetch(ctx, j)
	return err == nil && !got.Has(j.RemixID())
}

// correct replaces a job's message once. What fails is logged: no message is worth stopping a loop for.
func (m *messages) correct(ctx context.Context, j job.Job, say message.Message) {
	if err := m.edit(ctx, j, say); err != nil && !rest.Removed(err) {
		m.log.Warn("a message could not be corrected", "job", j.ID, "error", rest.Redact(err.Error()))
	}
}
