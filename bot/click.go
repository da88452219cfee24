package bot

import (
	"context"
	"errors"

	"darkroom/bot/admit"
	"darkroom/render/picture"
	"darkroom/store"
)

// Discord's permissions that moderators are known by. Source: Discord, topics/permissions.
const (
	administrator  = 1 << 3
	manageServer   = 1 << 5
	manageMessages = 1 << 13
)

// clicked finds the job that a button belongs to. A custom_id proves nothing, so this is asked at every click.
func (h *handler) clickedJob(ctx context.Context) (store.Job, decodedJob, error) {
	e, err := h.db.Find(ctx, h.click.Job)
	if errors.Is(err, store.ErrNotFound) {
		return e, decodedJob{}, errNoJob
	}
	if err != nil {
		return e, decodedJob{}, err
	}
	if e.Server != account(h.req.Place.Guild) && e.User != h.req.Person.ID {
		return e, decodedJob{}, errElsewhere
	}
	v, err := decodeJob(e)
	return e, v, err
}

// may tells whether the person may change or remove what a job made: its owner, whoever asked for the message that was
// clicked on, or a moderator of its server.
func (h *handler) mayChange(e store.Job) bool {
	me := h.req.Person
	if e.User == me.ID || h.req.Asker != "" && h.req.Asker == me.ID {
		return true
	}
	return e.Server == h.req.Place.Guild && me.Permissions&(manageMessages|administrator) != 0
}

// clickedTile returns the Spec of the clicked tile alone.
func (h *handler) clickedTile(s picture.Spec) (picture.Spec, error) {
	n := max(h.click.Tile, 1)
	if n > s.Count {
		return s, errNoTile
	}
	return s.Tile(n - 1), nil
}

// repaint asks for a picture that a button made out of an earlier one, in the presser's name and on their account.
func (h *handler) submitDerived(ctx context.Context, e store.Job, s picture.Spec, j newJob) error {
	j.parent = e.ID
	return h.submit(ctx, func(available admit.Available, policy admit.Policy) (newJob, *admit.Refusal) {
		var no *admit.Refusal
		j.resolved, no = admit.JudgeSpec(h.req, available, policy, s, e.Spoiler)
		return j, no
	})
}
