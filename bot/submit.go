package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"darkroom/bot/admit"
	"darkroom/bot/reply"
	"darkroom/render/picture"
	"darkroom/store"
)

// acceptWithin is how long writing a job down may take: with what is left of Discord's three seconds the person can
// still be answered.
const acceptWithin = 1500 * time.Millisecond

// errPolicyMoved means that a moderator changed the limits between judging and writing down.
var errPolicyMoved = errors.New("the server's limits changed meanwhile")

// order walks the first half of a job's line: judge and accept, acknowledge, and then into the line. A refusal is the
// immediate private answer, and nothing is promised before it is written down.
func (t *turn) order(ctx context.Context, rule judge) error {
	began := t.o.Now()
	p, e, err := t.accept(ctx, rule)
	if errors.Is(err, store.ErrDuplicate) {
		return nil // the event came twice; the other one is being answered
	}
	if err != nil {
		return err
	}
	shown := t.foretell(ctx, e)
	if err := t.acknowledge(ctx, p, e, shown); err != nil {
		return err
	}
	t.watched.shown(e.ID, shown, t.o.Now())
	e.Leased = t.refilled.Load() > began.UnixNano() // the relay may have been faster, in a line that is gone
	switch err := t.enlist(ctx, e); {
	case err != nil && passing(err):
		return nil // and the message says why
	case err != nil:
		t.log.Warn("the job waits for the relay", "job", e.ID, "error", reply.Redact(err.Error()))
		poke(t.owing)
		t.sight.forget()
		if shown.Place != 0 {
			t.showPlace(ctx, e, reply.Standing{})
		}
	}
	t.notes(ctx, p)
	return nil
}

// accept judges the request and writes the job down, in one transaction with the limits it was judged by.
func (t *turn) accept(ctx context.Context, rule judge) (promise, store.Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, acceptWithin)
	defer cancel()
	judged, err := t.ledger.Policy(ctx, account(t.req.Place.Guild))
	if err != nil {
		return promise{}, store.Entry{}, err
	}
	weights, err := t.ledger.RoleWeights(ctx, account(t.req.Place.Guild))
	if err != nil {
		return promise{}, store.Entry{}, err
	}
	for tries := 0; ; tries++ {
		p, no := rule(t.offers.known(ctx), admit.Policy(judged))
		if no != nil {
			return p, store.Entry{}, no
		}
		e, err := t.entry(p)
		if err != nil {
			return p, e, err
		}
		e.Weight = weight(weights, e.Server, t.req.Person.Roles)
		err = t.ledger.Accept(ctx, []store.Entry{e}, func(now store.Policy, u store.Usage) error {
			if now != judged {
				judged = now
				return errPolicyMoved
			}
			if no := admit.Check(admit.Policy(now), admit.Usage(u), e.Pictures); no != nil {
				return no
			}
			return nil
		})
		if !errors.Is(err, errPolicyMoved) || tries == 2 {
			return p, e, err
		}
	}
}

// entry is the row of a promise.
func (t *turn) entry(p promise) (store.Entry, error) {
	o := p.order
	spec, err := o.Spec.Encode()
	if err != nil {
		return store.Entry{}, err
	}
	to := t.to()
	to.Verb, to.Tile, to.Spoiler, to.Ephemeral = p.verb, p.tile, o.Spoiler, p.hidden || p.here && t.req.Ephemeral
	to.Start = o.Start != nil || o.Spec.Init != nil
	e := store.Entry{
		ID: t.req.ID + "-0", Server: account(t.req.Place.Guild), Channel: t.req.Place.Channel, User: t.req.Person.ID,
		Parent: p.parent, Verb: p.verb, State: store.Accepted, Spec: spec, Reply: to.Encode(), Lane: o.Spec.Lane(),
		Cost: t.costs.of(o.Spec), Pictures: o.Spec.Count, Inputs: inputsOf(o.Spec), Spoiler: o.Spoiler,
	}
	if p.here {
		e.Message = t.req.Message
	}
	if o.Start != nil {
		if e.Pending, err = json.Marshal(o.Start); err != nil {
			return store.Entry{}, fmt.Errorf("write down start picture: %w", err)
		}
	}
	return e, nil
}

// inputsOf are the hashes of the input pictures that a Spec names.
func inputsOf(s picture.Spec) []string {
	if s.Init == nil {
		return nil
	}
	out := []string{s.Init.Picture.SHA256}
	if s.Init.Mask != nil && s.Init.Mask.SHA256 != out[0] {
		out = append(out, s.Init.Mask.SHA256)
	}
	return out
}

// acknowledge shows the waiting message, which is our promise, and notes that it was given.
func (t *turn) acknowledge(ctx context.Context, p promise, e store.Entry, st reply.Standing) error {
	to, err := reply.Decode(e.Reply)
	if err != nil {
		return err
	}
	m := reply.Waiting(to, p.order.Spec, e.ID, st)
	m.Private = p.hidden
	r := reply.Say(m)
	if p.here {
		r = reply.Update(m)
	}
	posted, err := t.answer(ctx, r)
	if err != nil {
		return err
	}
	message := posted.ID
	if p.here {
		message = t.req.Message
	}
	if message != "" { // first, so that a promise that was not noted can still be found
		if _, err := t.ledger.Answered(ctx, e.ID, message); err != nil {
			return err
		}
	}
	_, err = t.ledger.Acknowledged(ctx, e.ID)
	return err
}

// notes tells the person alone what was changed. A note that does not arrive is not worth an apology.
func (t *turn) notes(ctx context.Context, p promise) {
	o := p.order
	if p.verb != "imagine" && p.verb != "remix" {
		o.Unknown = nil // they were told when they typed the words
	}
	if t.offers.idle() {
		o.Notes = append(o.Notes, noRenderer)
	}
	if n := t.waitingInbox(ctx); n > 0 {
		o.Notes = append(o.Notes, inboxNote(n))
	}
	m, any := noteMessage(o)
	if !any {
		return
	}
	if err := t.tell(ctx, m); err != nil {
		t.log.Warn("a note did not arrive", "interaction", t.req.ID, "error", reply.Redact(err.Error()))
	}
}
