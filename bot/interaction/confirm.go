package interaction

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"darkroom/bot/admit"
	"darkroom/bot/message"
	"darkroom/store"
)

// questions stores open questions, so that any bot can take the answer, even after a restart.
type questions interface {
	PutQuestion(ctx context.Context, a store.Question) error
	Question(ctx context.Context, id string) (store.Question, error)
	DropQuestion(ctx context.Context, id string) (bool, error)
}

// askToConfirm asks whether all permutations of a request shall be rendered. It judges them first.
func (m *imaginer) askToConfirm(ctx context.Context, r *responder, w permutationRequest, judges []judgeFunc) error {
	ctx, cancel := r.beforeAnswer(ctx)
	defer cancel()
	jobs, err := m.submit.check(ctx, r, judges)
	if err != nil {
		return err
	}
	if err := m.putQuestion(ctx, r, r.req.ID, w); err != nil {
		return err
	}
	var titles []string
	cost := int64(0)
	for _, n := range jobs {
		titles, cost = append(titles, n.job.Title()), cost+n.job.Cost
	}
	return r.replyPrivately(
		ctx, message.PermuteQuestion(r.req.Language, r.req.ID, titles, pictures(jobs), time.Duration(cost)*time.Millisecond),
	)
}

// check judges requests as accept does, but stores nothing.
func (s *submitter) check(ctx context.Context, r *responder, judges []judgeFunc) ([]newJob, error) {
	policy, weights, err := s.db.PolicyAndWeights(ctx, r.account())
	if err != nil {
		return nil, err
	}
	jobs, err := s.judgeAll(ctx, r, judges, policy, weights)
	if err != nil {
		return nil, err
	}
	use, err := s.db.Usage(ctx, r.account(), r.req.Person.ID)
	if err != nil {
		return nil, err
	}
	if refusal := admit.CheckQuota(policy, use, pictures(jobs)); refusal != nil {
		return nil, refusal
	}
	return jobs, nil
}

// answerQuestion is a button under that question.
func (m *imaginer) answerQuestion(ctx context.Context, r *responder) error {
	w, err := m.pendingRequest(ctx, r)
	if err != nil {
		return err
	}
	switch r.click.Arg {
	case message.AnswerEdit:
		_, err := r.respond(ctx, message.OpenForm(w.openForm(r.req.Language, r.click)))
		return err
	case message.AnswerNo:
		if _, err := m.db.DropQuestion(ctx, r.click.Job); err != nil {
			return err
		}
		_, err := r.respond(ctx, message.Update(message.NothingRendered(r.req.Language)))
		return err
	case message.AnswerYes:
		w.Confirmed = true
		if w.Region != nil {
			return m.region.paint(ctx, r, w)
		}
		return m.submitConfirmed(ctx, r, w)
	}
	return message.ErrOldButton
}

// submitEditedPrompt takes the form that opens under a question or a refusal: the request with another prompt, which
// may need no question.
func (m *imaginer) submitEditedPrompt(ctx context.Context, r *responder) error {
	w, err := m.pendingRequest(ctx, r)
	if err != nil {
		return err
	}
	if w.Region != nil {
		return m.region.prepare(ctx, r, r.click.Job, w.regionEdited(r.req))
	}
	w, refusal := w.edited(r.req.Options)
	if refusal != nil {
		return m.refuse(ctx, r, r.click.Job, w, refusal)
	}
	return m.submitConfirmed(ctx, r, w)
}

// submitConfirmed submits a confirmed request, unless another answer came first. If the request is not accepted, for
// any reason, the question can be answered again.
func (m *imaginer) submitConfirmed(ctx context.Context, r *responder, w permutationRequest) error {
	taken, err := m.db.DropQuestion(ctx, r.click.Job)
	if err != nil {
		return err
	}
	if !taken {
		return message.ErrQuestionGone
	}
	accepted, err := m.trySubmit(ctx, r, w)
	if err == nil || accepted {
		return err
	}
	err = m.refuse(ctx, r, r.click.Job, w, err)
	if err == nil {
		return nil
	}
	again, cancel := context.WithTimeout(context.WithoutCancel(ctx), acceptTimeout)
	defer cancel()
	return errors.Join(err, m.putQuestion(again, r, r.click.Job, w))
}

// pendingRequest is the request of an open question.
func (m *imaginer) pendingRequest(ctx context.Context, r *responder) (w permutationRequest, err error) {
	q, err := m.db.Question(ctx, r.click.Job)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return w, message.ErrQuestionGone
	case err != nil:
		return w, err
	case q.User != r.req.Person.ID:
		return w, message.ErrNotYours
	}
	if err := json.Unmarshal(q.Body, &w); err != nil {
		return w, fmt.Errorf("read question %s: %w", q.ID, err)
	}
	return w, nil
}
