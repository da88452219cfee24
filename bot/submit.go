package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"darkroom/bot/admit"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/render/picture"
	"darkroom/store"
)

// acceptTimeout is how long writing a job down may take: with what is left of Discord's three seconds the person can
// still be answered.
const acceptTimeout = 1500 * time.Millisecond

// errPolicyChanged means that a moderator changed the limits between judging and writing down.
var errPolicyChanged = errors.New("the server's limits changed meanwhile")

// order walks the first half of a job's line: judge and accept, acknowledge, and then into the line. A refusal is the
// immediate private answer, and nothing is promised before it is written down.
func (h *handler) submit(ctx context.Context, judge judgeFunc) error {
	return h.submitAll(ctx, []judgeFunc{judge})
}

// submitAll does so for several jobs of one person, all or none of which are written down. Each has a message of its own.
func (h *handler) submitAll(ctx context.Context, judges []judgeFunc) error {
	began := h.o.Now()
	jobs, entries, err := h.accept(ctx, judges)
	if errors.Is(err, store.ErrDuplicate) {
		return nil // the event came twice; the other one is being answered
	}
	if err != nil {
		return err
	}
	h.accepted = true
	if jobs[0].followUp {
		if _, err := h.respond(ctx, message.Update(message.Message{Content: permutationsAccepted(len(entries))})); err != nil {
			return err
		}
	}
	for i, e := range entries {
		err := h.showAndEnqueue(ctx, jobs[i], e, began)
		if err != nil && i == 0 && !jobs[0].followUp {
			return err
		}
		if err != nil {
			h.dropUnshown(ctx, e, err)
		}
	}
	h.sendNotes(ctx, mergeNotes(jobs))
	return nil
}

// promised shows that a job was written down, and brings it into the line.
func (h *handler) showAndEnqueue(ctx context.Context, j newJob, e store.Job, began time.Time) error {
	shown := h.estimate(ctx, e)
	posted, err := h.acknowledge(ctx, j, e, shown)
	if err != nil {
		return err
	}
	if j.followUp {
		e.Message = posted
	}
	h.shown.setShown(e.ID, shown, h.o.Now())
	e.WasLeased = h.epochBegan.Load() > began.UnixNano() // the relay may have been faster, in a line that is gone
	switch err := h.enqueue(ctx, e); {
	case err != nil && needsNoRetry(err):
		return nil // and the message says why
	case err != nil:
		h.log.Warn("the job waits for the relay", "job", e.ID, "error", rest.Redact(err.Error()))
		wake(h.relayWake)
		h.queueView.invalidate()
		if shown.Position != 0 {
			h.showPosition(ctx, e, message.QueueStatus{})
		}
	}
	return nil
}

// unposted gives up a job of several whose message Discord refused. What it may have taken all the same is looked for
// later.
func (h *handler) dropUnshown(ctx context.Context, e store.Job, err error) {
	h.log.Warn("a job of several could not be shown", "job", e.ID, "error", rest.Redact(err.Error()))
	if !rest.Final(err) {
		return
	}
	if err := h.expireUnshown(ctx, e); err != nil {
		h.log.Warn("a job that could not be shown is not taken back yet", "job", e.ID, "error", err)
	}
}

// accept judges requests and writes their jobs down, in one transaction with the limits they were judged by.
func (h *handler) accept(ctx context.Context, judges []judgeFunc) ([]newJob, []store.Job, error) {
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	policy, err := h.db.Policy(ctx, account(h.req.Place.Guild))
	if err != nil {
		return nil, nil, err
	}
	weights, err := h.db.RoleWeights(ctx, account(h.req.Place.Guild))
	if err != nil {
		return nil, nil, err
	}
	for tries := 0; ; tries++ {
		jobs, entries, err := h.judgeAll(ctx, judges, admit.Policy(policy), weights)
		if err != nil {
			return nil, nil, err
		}
		pictures := 0
		for _, e := range entries {
			pictures += e.Pictures
		}
		err = h.db.Accept(ctx, entries, func(now store.Policy, u store.Usage) error {
			if now != policy {
				policy = now
				return errPolicyChanged
			}
			if no := admit.CheckQuota(admit.Policy(now), admit.Usage(u), pictures); no != nil {
				return no
			}
			return nil
		})
		if !errors.Is(err, errPolicyChanged) || tries == 2 {
			return jobs, entries, err
		}
	}
}

// judgeAll makes the rows of all promises, or returns the first refusal.
func (h *handler) judgeAll(ctx context.Context, judges []judgeFunc, policy admit.Policy, weights map[string]int) (jobs []newJob, entries []store.Job, err error) {
	available := h.catalog.await(ctx)
	for i, judge := range judges {
		j, no := judge(available, policy)
		if no != nil {
			return nil, nil, no
		}
		j.followUp = j.followUp || i > 0
		e, err := h.jobRow(j)
		if err != nil {
			return nil, nil, err
		}
		e.ID = fmt.Sprintf("%s-%d", h.req.ID, i)
		e.Weight = weight(weights, e.Server, h.req.Person.Roles)
		jobs, entries = append(jobs, j), append(entries, e)
	}
	return jobs, entries, nil
}

// entry is the row of a promise, but for its id.
func (h *handler) jobRow(j newJob) (store.Job, error) {
	res := j.resolved
	spec, err := res.Spec.Encode()
	if err != nil {
		return store.Job{}, err
	}
	to := h.address()
	to.Verb, to.Tile, to.Spoiler, to.Ephemeral = j.verb, j.tile, res.Spoiler, j.private || j.inPlace && h.req.Ephemeral
	to.FromImage = res.PendingInit != nil || res.Spec.Init != nil
	if j.followUp {
		to.Message = "" // it has none yet: see addressed
	}
	e := store.Job{
		Server: account(h.req.Place.Guild), Channel: h.req.Place.Channel, User: h.req.Person.ID,
		Parent: j.parent, Verb: j.verb, State: store.Accepted, Spec: spec, Address: to.Encode(), Lane: res.Spec.Lane(),
		Cost: h.costs.estimate(res.Spec), Pictures: res.Spec.Count, Inputs: inputHashes(res.Spec), Spoiler: res.Spoiler,
	}
	if j.inPlace {
		e.Message = h.req.Message
	}
	if res.PendingInit != nil {
		if e.PendingInputs, err = json.Marshal(res.PendingInit); err != nil {
			return store.Job{}, fmt.Errorf("write down start picture: %w", err)
		}
	}
	return e, nil
}

// inputHashes are the hashes of the input pictures that a Spec names.
func inputHashes(s picture.Spec) []string {
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
func (h *handler) acknowledge(ctx context.Context, j newJob, e store.Job, st message.QueueStatus) (id string, err error) {
	to, err := message.DecodeAddress(e.Address)
	if err != nil {
		return "", err
	}
	m := message.Waiting(to, j.resolved.Spec, e.ID, st)
	m.Private = j.private
	posted, err := h.showWaiting(ctx, j, m)
	if err != nil {
		return "", err
	}
	id = posted.ID
	if j.inPlace {
		id = h.req.Message
	}
	if id != "" { // first, so that a promise that was not noted can still be found
		if _, err := h.db.SetMessage(ctx, e.ID, id); err != nil {
			return id, err
		}
	}
	_, err = h.db.Acknowledge(ctx, e.ID)
	return id, err
}

// post puts a waiting message where it belongs: as the answer, into the message that was clicked on, or as a further one.
func (h *handler) showWaiting(ctx context.Context, j newJob, m message.Message) (rest.Message, error) {
	switch {
	case j.followUp:
		return h.discord.FollowUp(ctx, h.address(), m)
	case j.inPlace:
		return h.respond(ctx, message.Update(m))
	}
	return h.respond(ctx, message.Reply(m))
}

// notes tells the person alone what was changed. A note that does not arrive is not worth an apology.
func (h *handler) sendNotes(ctx context.Context, j newJob) {
	res := j.resolved
	if j.verb != "imagine" && j.verb != "remix" {
		res.UnknownWords = nil // they were told when they typed the words
	}
	if h.catalog.hasNoRenderers() {
		res.Notes = append(res.Notes, noRenderer)
	}
	if n := h.countInbox(ctx); n > 0 {
		res.Notes = append(res.Notes, inboxNote(n))
	}
	m, any := noteMessage(res)
	if !any {
		return
	}
	if err := h.replyPrivately(ctx, m); err != nil {
		h.log.Warn("a note did not arrive", "interaction", h.req.ID, "error", rest.Redact(err.Error()))
	}
}
