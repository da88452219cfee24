package delivery

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/store"
)

const (
	// acknowledgeGrace is how old an unacknowledged job must be before it is decided about: by then its answer has
	// arrived, or never will.
	acknowledgeGrace = 10 * time.Second
	// lookFor is for how long Discord is asked about one while it does not answer or does not let the bot look.
	lookFor = 24 * time.Hour
	// maxUnacknowledged is how many are decided about at once.
	maxUnacknowledged = 1000
)

// errNoMessage means that a job has no message yet that could be read.
var errNoMessage = &rest.Error{Status: http.StatusNotFound, Code: 10008}

// lookupBackoff remembers when the bot was last not allowed to look for a job's message. It asks again when twice the
// time has passed: Discord blocks a bot that is refused too often.
type lookupBackoff map[string]time.Time

// tooEarly tells whether it is too early to ask again.
func (b lookupBackoff) tooEarly(row store.Job, now time.Time) bool {
	last, known := b[row.ID]
	return known && now.Sub(last) < last.Sub(row.Created)
}

// keepOnly drops what is no longer open.
func (b lookupBackoff) keepOnly(open []store.Job) {
	maps.DeleteFunc(b, func(id string, _ time.Time) bool {
		return !slices.ContainsFunc(open, func(row store.Job) bool { return row.ID == id })
	})
}

// unacknowledged decides about jobs whose acknowledgement was never written down. If Discord shows the job's message,
// the person knows of it: the job is rendered. If not, nobody waits for it and it expires. A private message cannot be
// looked for once the token is too old, or if it is a follow-up: its job is rendered, and comes by direct message.
type unacknowledged struct {
	db             acknowledgements
	discord        *rest.Client
	wakeRelay      func()
	lookups        lookupBackoff // used by one loop only
	handlerTimeout time.Duration
	now            func() time.Time
	log            *slog.Logger
}

func (u *unacknowledged) resolveAll(ctx context.Context) error {
	open, err := u.db.Unacknowledged(ctx, acknowledgeGrace, maxUnacknowledged)
	if err != nil {
		return err
	}
	u.lookups.keepOnly(open)
	for _, row := range open {
		if u.lookups.tooEarly(row, u.now()) {
			continue
		}
		if err := u.resolve(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

func (u *unacknowledged) resolve(ctx context.Context, row store.Job) error {
	j, err := job.Read(row)
	if err != nil {
		_, err := u.db.Expire(ctx, row.ID) // it could not be rendered anyway
		return err
	}
	now := u.now()
	if j.Address.Message == "" && now.Sub(j.Created) < u.handlerTimeout {
		return nil // its message is still to come, after those of its siblings
	}
	if j.Address.Ephemeral && (j.Address.Message == "" || !now.Before(j.Address.Expires)) {
		return u.acknowledge(ctx, j.ID, "")
	}
	got, err := u.findAnswer(ctx, j)
	switch {
	case err == nil && showsJob(got, j):
		return u.acknowledge(ctx, j.ID, got.ID)
	case err != nil && now.Sub(j.Created) >= lookFor:
	case rest.Forbidden(err), rest.ByProxy(err):
		u.lookups[j.ID] = now
		return nil
	case err != nil && !rest.Final(err):
		return nil
	}
	return u.expire(ctx, j)
}

// expire takes a job back that nobody waits for. If it is one of several, whose message did not come after those of its
// siblings, the person is told which one, while that is possible.
func (u *unacknowledged) expire(ctx context.Context, j job.Job) error {
	done, err := u.db.Expire(ctx, j.ID)
	if err != nil || !done {
		return err
	}
	if !j.IsFollowUp() || !u.now().Before(j.Address.Expires) {
		return nil // its answer is missing as a whole, which Discord shows
	}
	m := message.Message{Content: message.NotShown(j.Address.Language, j.Title()), Private: true}
	if _, err := u.discord.FollowUp(ctx, j.Address, m); err != nil {
		u.log.Warn("the asker was not told that a job is not rendered", "job", j.ID, "error", rest.Redact(err.Error()))
	}
	return nil
}

// findAnswer reads what Discord has as the answer to a job's interaction. When the token is too old, a message that
// is known by its id can still be read, and one that is not can be looked for in its channel.
func (u *unacknowledged) findAnswer(ctx context.Context, j job.Job) (rest.Message, error) {
	got, err := rest.Message{}, error(errNoMessage)
	asked := j.Address.Message != "" && u.now().Before(j.Address.Expires)
	if asked {
		got, err = u.discord.FetchResponse(ctx, j.Address)
	}
	switch {
	case asked && !rest.Expired(err) || j.Address.Ephemeral:
		return got, err
	case j.Message != "":
		return u.discord.FetchMessage(ctx, j.Address.Channel, j.Message)
	}
	// Not found counts as not there even when the search is not conclusive: it would not be the next time either.
	found, err := u.discord.FindMessage(ctx, j.Address.Channel, interactionTime(j), j.CancelID(), j.RemixID())
	return found.Message, err
}

// interactionTime is when a job's interaction happened, by Discord's clock.
func interactionTime(j job.Job) time.Time {
	interaction, _, _ := strings.Cut(j.ID, "-")
	if at, ok := rest.SnowflakeTime(interaction); ok {
		return at
	}
	return j.Created
}

// showsJob tells whether a message is this job's own, and not an error or an earlier message of the interaction.
func showsJob(got rest.Message, j job.Job) bool {
	return got.Has(j.CancelID()) || got.Has(j.RemixID())
}

// acknowledge notes the acknowledgement that an earlier life of the bot could not note.
func (u *unacknowledged) acknowledge(ctx context.Context, id, posted string) error {
	if _, err := u.db.Acknowledge(ctx, id, posted); err != nil {
		return err
	}
	u.log.Info("a job was acknowledged before a crash and is rendered after all", "job", id)
	u.wakeRelay()
	return nil
}
