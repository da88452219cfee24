package interaction

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"darkroom/bot/admit"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/render/phrase"
	"darkroom/render/picture"
	"darkroom/render/request"
	"darkroom/store"
)

// touchesInputs keeps input images from being pruned for a while.
type touchesInputs interface {
	TouchInputs(ctx context.Context, shas []string) error
}

// privateQuestions ask where private jobs shall go that take too long for a private message. A question is kept like
// that of many prompts, so that it can be answered after a restart.
type privateQuestions struct {
	db     questions
	inputs touchesInputs
	submit *submitter
}

// askedPrivate is what a question is about. Its JSON is in SQL.
type askedPrivate struct {
	Jobs []askedJob `json:"private"`
}

// askedJob is a job that was judged and not accepted yet.
type askedJob struct {
	Spec    json.RawMessage    `json:"spec"`
	Init    *request.InitImage `json:"init,omitempty"` // the start image that must be read
	Verb    string             `json:"verb"`
	Parent  string             `json:"parent,omitempty"`
	Tile    int                `json:"tile,omitempty"`
	Draft   int                `json:"draft,omitempty"`
	Flags   string             `json:"flags,omitempty"`
	Spoiler bool               `json:"spoiler,omitempty"`
	Origins string             `json:"origins,omitempty"`
	Notes   *askedNotes        `json:"notes,omitempty"`
}

// askedNotes are what the first judgement noted, which the next one cannot find out anew.
type askedNotes struct {
	Notes        []string       `json:"notes,omitempty"` // in English, as phrase.Stored takes them
	UnknownWords []string       `json:"unknown_words,omitempty"`
	Nearest      []request.Near `json:"nearest,omitempty"`
	Examples     []int          `json:"examples,omitempty"`
}

// notesOf are the notes of a judgement; nil if there are none.
func notesOf(r request.Resolved) *askedNotes {
	if len(r.Notes)+len(r.UnknownWords) == 0 {
		return nil
	}
	return &askedNotes{
		Notes: r.NoteTexts(), UnknownWords: r.UnknownWords, Nearest: r.Nearest, Examples: r.Examples,
	}
}

// addTo adds the notes to a later judgement of the same request, before what that one noted.
func (n *askedNotes) addTo(r *request.Resolved) {
	if n == nil {
		return
	}
	var all []phrase.Phrase
	for _, text := range n.Notes {
		all = append(all, phrase.Stored(text))
	}
	r.Notes = append(all, r.Notes...)
	r.UnknownWords, r.Nearest, r.Examples = n.UnknownWords, n.Nearest, nil
	for _, i := range n.Examples {
		if i < len(r.Card.Examples) { // the card may have changed since
			r.Examples = append(r.Examples, i)
		}
	}
}

// privateQuestionID is the id of the question that an interaction leads to. The interaction may ask another one.
func privateQuestionID(r *responder) string { return "p" + r.req.ID }

// ask asks where jobs shall go: in place of the question before, or privately.
func (p *privateQuestions) ask(ctx context.Context, r *responder, slow *slowPrivateError) error {
	put, cancel := r.beforeAnswer(ctx)
	defer cancel()
	if err := p.submit.checkQuota(put, r, slow.jobs); err != nil {
		return err
	}
	var asked askedPrivate
	for _, n := range slow.jobs {
		to := n.job.Address
		asked.Jobs = append(asked.Jobs, askedJob{
			Spec: n.job.Job.Spec, Init: n.resolved.PendingInit, Verb: n.verb, Parent: n.parent, Tile: n.tile, Draft: to.Draft,
			Flags: to.Flags, Spoiler: to.Spoiler, Origins: to.Origins, Notes: notesOf(n.resolved),
		})
	}
	id := privateQuestionID(r)
	if err := p.put(put, r, id, asked); err != nil {
		return err
	}
	question := message.PrivateQuestion(r.req.Language, id, slow.longest)
	if slow.jobs[0].followUp && !r.answered.Load() {
		_, err := r.respond(ctx, message.Update(question))
		return err
	}
	return r.replyPrivately(ctx, question)
}

func (p *privateQuestions) put(ctx context.Context, r *responder, id string, asked askedPrivate) error {
	body, err := json.Marshal(asked)
	if err != nil {
		return fmt.Errorf("write down private requests: %w", err)
	}
	return p.db.PutQuestion(ctx, store.Question{ID: id, User: r.req.Person.ID, Body: body})
}

// find returns what a question is about that this person may answer.
func (p *privateQuestions) find(ctx context.Context, r *responder) (asked askedPrivate, err error) {
	q, err := p.db.Question(ctx, r.click.Job)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return asked, message.ErrQuestionGone
	case err != nil:
		return asked, err
	case q.User != r.req.Person.ID:
		return asked, message.ErrNotYours
	}
	if err := json.Unmarshal(q.Body, &asked); err != nil {
		return asked, fmt.Errorf("read question %s: %w", q.ID, err)
	}
	if len(asked.Jobs) == 0 {
		return asked, message.ErrOldButton // it is another question
	}
	return asked, nil
}

// answer is a button under the question.
func (p *privateQuestions) answer(ctx context.Context, r *responder) error {
	asked, err := p.find(ctx, r)
	if err != nil {
		return err
	}
	switch r.click.Arg {
	case message.AnswerNo:
		if _, err := p.db.DropQuestion(ctx, r.click.Job); err != nil {
			return err
		}
		_, err := r.respond(ctx, message.Update(message.NothingRendered(r.req.Language)))
		return err
	case message.AnswerPublic:
		return p.accept(ctx, r, asked, "")
	case message.AnswerDirect:
		return p.acceptDirect(ctx, r, asked)
	}
	return message.ErrOldButton
}

// acceptDirect has the jobs come by direct message. If the person takes none, they are asked again.
func (p *privateQuestions) acceptDirect(ctx context.Context, r *responder, asked askedPrivate) error {
	if err := r.acknowledge(ctx); err != nil {
		return err
	}
	channel, err := p.submit.discord.OpenDM(ctx, r.req.Person.ID)
	switch {
	case rest.Final(err):
		err = errDirectClosed
	case err == nil:
		err = p.accept(ctx, r, asked, channel)
	}
	if errors.Is(err, errDirectClosed) {
		return r.edit(ctx, message.DirectClosed(r.req.Language, r.click.Job))
	}
	return err
}

// accept submits the jobs, unless another answer came first. If they are not accepted, for any reason, the question can
// be answered again. direct is the channel of direct messages in which they come; empty if everybody may see them.
func (p *privateQuestions) accept(ctx context.Context, r *responder, asked askedPrivate, direct string) error {
	judges, inputs, err := asked.judges(r, direct)
	if err != nil {
		return err
	}
	if err := p.inputs.TouchInputs(ctx, inputs); err != nil { // the question will not name them any more
		return err
	}
	taken, err := p.db.DropQuestion(ctx, r.click.Job)
	if err != nil {
		return err
	}
	if !taken {
		return message.ErrQuestionGone
	}
	accepted, err := p.submit.submitAll(ctx, r, judges)
	if err == nil || accepted {
		return err
	}
	again, cancel := context.WithTimeout(context.WithoutCancel(ctx), acceptTimeout)
	defer cancel()
	return errors.Join(err, p.put(again, r, r.click.Job, asked))
}

// judges judge the jobs anew, and inputs are the input images that they name.
func (a askedPrivate) judges(r *responder, direct string) (judges []judgeFunc, inputs []string, err error) {
	for _, j := range a.Jobs {
		spec, err := picture.Decode(j.Spec)
		if err != nil {
			return nil, nil, err
		}
		inputs = append(inputs, inputHashes(spec)...)
		judges = append(judges, func(available request.Available, policy store.Policy) (newJob, *request.Refusal) {
			res, refusal := admit.JudgeSpec(r.req, available, policy, spec, j.Spoiler)
			res.PendingInit = j.Init
			j.Notes.addTo(&res)
			return newJob{
				resolved: res, verb: j.Verb, parent: j.Parent, tile: j.Tile, draft: j.Draft, flags: j.Flags, origins: j.Origins,
				followUp: true, settled: true, direct: direct,
			}, refusal
		})
	}
	return judges, inputs, nil
}
