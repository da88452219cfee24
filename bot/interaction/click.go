package interaction

import (
	"context"
	"errors"

	"darkroom/bot/command"
	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/request"
	"darkroom/store"
)

// Discord's permissions of moderators. Source: Discord, topics/permissions.
const (
	administrator  = 1 << 3
	manageServer   = 1 << 5
	manageMessages = 1 << 13
)

// finder finds a job.
type finder interface {
	Find(ctx context.Context, id string) (store.Job, error)
}

// clicks finds the jobs that buttons belong to.
type clicks struct{ db finder }

// job finds the job of a click. That the click could be made is known; see Handler.authentic.
func (c *clicks) job(ctx context.Context, r *responder) (job.Job, error) {
	row, err := c.db.Find(ctx, r.click.Job)
	if errors.Is(err, store.ErrNotFound) {
		return job.Job{}, message.ErrNoJob
	}
	if err != nil {
		return job.Job{}, err
	}
	if row.User != r.req.Person.ID && (row.Server != r.account() || row.Server == command.DirectAccount) {
		return job.Job{}, message.ErrElsewhere
	}
	return job.Read(row)
}

// own finds the job if the person may change it.
func (c *clicks) own(ctx context.Context, r *responder) (job.Job, error) {
	j, err := c.job(ctx, r)
	if err == nil && !mayChange(r, j) {
		err = message.ErrNotYours
	}
	return j, err
}

// tile finds the job and the Spec of the clicked tile alone.
func (c *clicks) tile(ctx context.Context, r *responder) (job.Job, picture.Spec, error) {
	j, err := c.job(ctx, r)
	if err != nil {
		return j, picture.Spec{}, err
	}
	n := tileNumber(r)
	if n > j.Spec.Count {
		return j, picture.Spec{}, message.ErrNoTile
	}
	return j, j.Spec.Tile(n - 1), nil
}

// tileNumber is the clicked tile, from 1.
func tileNumber(r *responder) int { return max(r.click.Tile, 1) }

// tileFlags are the flags of a job that are true of one of its tiles: only the first has the seed that was asked for.
func tileFlags(j job.Job, n int) string {
	if n == 1 {
		return j.Address.Flags
	}
	return request.WithoutFlags(j.Address.Flags, prompt.FlagSeed)
}

// removable finds the job if the person may remove the message that was clicked. So may whoever asked for it: the
// message may show one tile of somebody else's job.
func (c *clicks) removable(ctx context.Context, r *responder) (job.Job, error) {
	j, err := c.job(ctx, r)
	if err == nil && !mayRemove(r, j) {
		err = message.ErrNotYours
	}
	return j, err
}

// mayRemove tells whether the person may remove the message that was clicked, which shows images of a job.
func mayRemove(r *responder, j job.Job) bool {
	return r.req.Asker != "" && r.req.Asker == r.req.Person.ID || mayChange(r, j)
}

// mayChange tells whether the person may change a job: its owner, or a moderator of its server.
func mayChange(r *responder, j job.Job) bool {
	me := r.req.Person
	if j.User == me.ID {
		return true
	}
	return j.Server == r.req.Place.Guild && me.Permissions&(manageMessages|administrator) != 0
}
