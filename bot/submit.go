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
func (t *turn) order(ctx context.Context, rule judge) error { return t.orderAll(ctx, []judge{rule}) }

// orderAll does so for several jobs of one person, all or none of which are written down. Each has a message of its own.
func (t *turn) orderAll(ctx context.Context, rules []judge) error {
	began := t.o.Now()
	made, entries, err := t.accept(ctx, rules)
	if errors.Is(err, store.ErrDuplicate) {
		return nil // the event came twice; the other one is being answered
	}
	if err != nil {
		return err
	}
	t.accepted = true
	if made[0].further {
		if _, err := t.answer(ctx, reply.Update(reply.Message{Content: underway(len(entries))})); err != nil {
			return err
		}
	}
	for i, e := range entries {
		err := t.promised(ctx, made[i], e, began)
		if err != nil && i == 0 && !made[0].further {
			return err
		}
		if err != nil {
			t.unposted(ctx, e, err)
		}
	}
	t.notes(ctx, together(made))
	return nil
}

// promised shows that a job was written down, and brings it into the line.
func (t *turn) promised(ctx context.Context, p promise, e store.Entry, began time.Time) error {
	shown := t.foretell(ctx, e)
	message, err := t.acknowledge(ctx, p, e, shown)
	if err != nil {
		return err
	}
	if p.further {
		e.Message = message
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
	return nil
}

// unposted gives up a job of several whose message Discord refused. What it may have taken all the same is looked for
// later.
func (t *turn) unposted(ctx context.Context, e store.Entry, err error) {
	t.log.Warn("a job of several could not be shown", "job", e.ID, "error", reply.Redact(err.Error()))
	if !reply.Final(err) {
		return
	}
	if err := t.unpromise(ctx, e); err != nil {
		t.log.Warn("a job that could not be shown is not taken back yet", "job", e.ID, "error", err)
	}
}

// accept judges requests and writes their jobs down, in one transaction with the limits they were judged by.
func (t *turn) accept(ctx context.Context, rules []judge) ([]promise, []store.Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, acceptWithin)
	defer cancel()
	judged, err := t.ledger.Policy(ctx, account(t.req.Place.Guild))
	if err != nil {
		return nil, nil, err
	}
	weights, err := t.ledger.RoleWeights(ctx, account(t.req.Place.Guild))
	if err != nil {
		return nil, nil, err
	}
	for tries := 0; ; tries++ {
		made, entries, err := t.judgeAll(ctx, rules, admit.Policy(judged), weights)
		if err != nil {
			return nil, nil, err
		}
		pictures := 0
		for _, e := range entries {
			pictures += e.Pictures
		}
		err = t.ledger.Accept(ctx, entries, func(now store.Policy, u store.Usage) error {
			if now != judged {
				judged = now
				return errPolicyMoved
			}
			if no := admit.Check(admit.Policy(now), admit.Usage(u), pictures); no != nil {
				return no
			}
			return nil
		})
		if !errors.Is(err, errPolicyMoved) || tries == 2 {
			return made, entries, err
		}
	}
}

// judgeAll makes the rows of all promises, or returns the first refusal.
func (t *turn) judgeAll(ctx context.Context, rules []judge, policy admit.Policy, weights map[string]int) (made []promise, entries []store.Entry, err error) {
	offer := t.offers.known(ctx)
	for i, rule := range rules {
		p, no := rule(offer, policy)
		if no != nil {
			return nil, nil, no
		}
		p.further = p.further || i > 0
		e, err := t.entry(p)
		if err != nil {
			return nil, nil, err
		}
		e.ID = fmt.Sprintf("%s-%d", t.req.ID, i)
		e.Weight = weight(weights, e.Server, t.req.Person.Roles)
		made, entries = append(made, p), append(entries, e)
	}
	return made, entries, nil
}

// entry is the row of a promise, but for its id.
func (t *turn) entry(p promise) (store.Entry, error) {
	o := p.order
	spec, err := o.Spec.Encode()
	if err != nil {
		return store.Entry{}, err
	}
	to := t.to()
	to.Verb, to.Tile, to.Spoiler, to.Ephemeral = p.verb, p.tile, o.Spoiler, p.hidden || p.here && t.req.Ephemeral
	to.Start = o.Start != nil || o.Spec.Init != nil
	if p.further {
		to.Message = "" // it has none yet: see addressed
	}
	e := store.Entry{
		Server: account(t.req.Place.Guild), Channel: t.req.Place.Channel, User: t.req.Person.ID,
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

// acknowledge shows the waiting message, which is our promise, and notes that it was given. It returns the message's id,
// where that is known.
func (t *turn) acknowledge(ctx context.Context, p promise, e store.Entry, st reply.Standing) (message string, err error) {
	to, err := reply.Decode(e.Reply)
	if err != nil {
		return "", err
	}
	m := reply.Waiting(to, p.order.Spec, e.ID, st)
	m.Private = p.hidden
	posted, err := t.post(ctx, p, m)
	if err != nil {
		return "", err
	}
	message = posted.ID
	if p.here {
		message = t.req.Message
	}
	if message != "" { // first, so that a promise that was not noted can still be found
		if _, err := t.ledger.Answered(ctx, e.ID, message); err != nil {
			return message, err
		}
	}
	_, err = t.ledger.Acknowledged(ctx, e.ID)
	return message, err
}

// post puts a waiting message where it belongs: as the answer, into the message that was clicked on, or as a further one.
func (t *turn) post(ctx context.Context, p promise, m reply.Message) (reply.Posted, error) {
	switch {
	case p.further:
		return t.discord.Follow(ctx, t.to(), m)
	case p.here:
		return t.answer(ctx, reply.Update(m))
	}
	return t.answer(ctx, reply.Say(m))
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
