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
func (t *turn) clicked(ctx context.Context) (store.Entry, view, error) {
	e, err := t.ledger.Find(ctx, t.click.Job)
	if errors.Is(err, store.ErrNotFound) {
		return e, view{}, errNoJob
	}
	if err != nil {
		return e, view{}, err
	}
	if e.Server != account(t.req.Place.Guild) && e.User != t.req.Person.ID {
		return e, view{}, errElsewhere
	}
	v, err := see(e)
	return e, v, err
}

// may tells whether the person may change or remove what a job made: its owner, whoever asked for the message that was
// clicked on, or a moderator of its server.
func (t *turn) may(e store.Entry) bool {
	me := t.req.Person
	if e.User == me.ID || t.req.Asker != "" && t.req.Asker == me.ID {
		return true
	}
	return e.Server == t.req.Place.Guild && me.Permissions&(manageMessages|administrator) != 0
}

// tileOf returns the Spec of the clicked tile alone.
func (t *turn) tileOf(s picture.Spec) (picture.Spec, error) {
	n := max(t.click.Tile, 1)
	if n > s.Count {
		return s, errNoTile
	}
	return s.Tile(n - 1), nil
}

// repaint asks for a picture that a button made out of an earlier one, in the presser's name and on their account.
func (t *turn) repaint(ctx context.Context, e store.Entry, s picture.Spec, p promise) error {
	p.parent = e.ID
	return t.order(ctx, func(offer admit.Offer, policy admit.Policy) (promise, *admit.Refusal) {
		var no *admit.Refusal
		p.order, no = admit.Again(t.req, offer, policy, s, e.Spoiler)
		return p, no
	})
}
