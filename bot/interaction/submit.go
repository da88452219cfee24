package interaction

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"darkroom/bot/admit"
	"darkroom/bot/job"
	"darkroom/bot/language"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/request"
	"darkroom/store"
)

// acknowledgements notes that the person was answered.
type acknowledgements interface {
	Acknowledge(ctx context.Context, id, message string) (bool, error)
	Expire(ctx context.Context, id string) (bool, error)
}

// inboxOf lists a person's inbox.
type inboxOf interface {
	InboxOf(ctx context.Context, user string, since time.Time) ([]store.Delivery, error)
}

// submitStore stores jobs.
type submitStore interface {
	acceptance
	acknowledgements
	inboxOf
	questions
}

// enqueuer adds a new job to the queue, or wakes the relay to do it.
type enqueuer interface {
	Enqueue(ctx context.Context, j job.Job, p store.Policy) (mask *encode.MaskReading, err error)
	EpochBegan() time.Time
	Wake()
}

// firstMessages knows what the first message of a job shows.
type firstMessages interface {
	Estimate(ctx context.Context, j job.Job, p store.Policy) message.QueueStatus
	Foretell(ctx context.Context, jobs []job.Job, p store.Policy) (longest time.Duration, known bool)
	Forget(id string)
	LosePosition(j job.Job)
	ExpireUnshown(ctx context.Context, j job.Job) error
}

// submitter does the first half of a job: it judges the request, stores the job, answers, and enqueues.
type submitter struct {
	db       submitStore
	catalog  catalog
	outbox   enqueuer
	delivery firstMessages
	discord  *rest.Client
	private  *privateQuestions
	plain    bool // jobs get messages of the older form
	now      func() time.Time
	log      *slog.Logger
}

// judgeFunc judges a request under one policy.
type judgeFunc func(request.Available, store.Policy) (newJob, *request.Refusal)

// newJob is an accepted request, with what is stored beside it.
type newJob struct {
	resolved request.Resolved
	verb     string // "imagine", "reroll", "vary", "upscale", "zoom", "pan", "region", "remix" or "show"
	parent   string // the job whose button was pressed
	tile     int    // the tile that a button started from
	inPlace  bool   // the message that was clicked becomes the answer
	private  bool   // only the person who asked sees it
	settled  bool   // it was asked where private images go that take too long, or need not be
	direct   string // the channel of direct messages in which private images come
	followUp bool   // its message is a follow-up; the first answer of the interaction is another message
	draft    int    // of a draft that a button started from, how many steps the finished image has
	origins  string // what decided the settings of the job that a button started from
	flags    string // those of the job that a button started from, as far as they are still true

	job job.Job // once it is made
}

// submit submits one job. A refusal is answered at once and privately. The job is stored before anything is shown.
func (s *submitter) submit(ctx context.Context, r *responder, judge judgeFunc) error {
	_, err := s.submitAll(ctx, r, []judgeFunc{judge})
	return err
}

// submitAll submits several jobs of one person: it stores all of them, or none. Each gets its own message. accepted
// tells that they were stored, whatever the error.
func (s *submitter) submitAll(ctx context.Context, r *responder, judges []judgeFunc) (accepted bool, err error) {
	began := s.now()
	jobs, policy, err := s.accept(ctx, r, judges)
	if slow, ok := errors.AsType[*slowPrivateError](err); ok {
		return false, s.private.ask(ctx, r, slow)
	}
	if errors.Is(err, store.ErrDuplicate) {
		return false, nil // the event came twice; the other one is being answered
	}
	if err != nil {
		return false, err
	}
	if jobs[0].direct != "" {
		return s.showDirectly(ctx, r, jobs, policy, began)
	}
	if jobs[0].followUp {
		if _, err := r.respond(ctx, message.Update(message.PermutationsAccepted(r.req.Language, len(jobs)))); err != nil {
			return true, s.withdraw(ctx, jobs, err)
		}
	}
	for i, n := range jobs {
		shown, err := s.showAndEnqueue(ctx, r, n, policy, began)
		if err != nil && i == 0 && !n.followUp {
			return true, s.withdraw(ctx, jobs, err)
		}
		if err != nil {
			s.dropUnshown(ctx, n.job, err)
		}
		jobs[i].noteMask(shown)
	}
	s.sendNotes(ctx, r, mergeNotes(r.req.Language, jobs))
	return true, nil
}

// noteMask adds a note of how the mask of the start image was read, if there is one.
func (n *newJob) noteMask(shown shownJob) {
	if shown.mask != nil {
		n.resolved.Notes = append(n.resolved.Notes, maskNote(*shown.mask))
	}
}

// withdraw expires jobs at once if another program answered their interaction, and returns err. Whether the person saw
// such a job cannot be found out later: the other program's messages may have the same custom_ids.
func (s *submitter) withdraw(ctx context.Context, jobs []newJob, err error) error {
	if !errors.Is(err, errAnsweredElsewhere) {
		return err
	}
	for _, n := range jobs {
		if _, xerr := s.db.Expire(ctx, n.job.ID); xerr != nil {
			return errors.Join(err, xerr)
		}
	}
	return err
}

// shownJob is what is known of a job that was shown and enqueued.
type shownJob struct {
	message string              // the id of its message, if that is known
	mask    *encode.MaskReading // how the mask of its start image was read
}

// showAndEnqueue shows that a job was accepted, and enqueues it. What its message shows is noted before it is sent:
// once SQL has the answer, the relay may enqueue the job first, and what it notes about the message is newer.
func (s *submitter) showAndEnqueue(
	ctx context.Context, r *responder, n newJob, policy store.Policy, began time.Time,
) (shown shownJob, err error) {
	st := s.delivery.Estimate(ctx, n.job, policy)
	if shown.message, err = s.acknowledge(ctx, r, n, st); err != nil {
		s.delivery.Forget(n.job.ID)
		return shownJob{}, err
	}
	j := n.job
	if n.followUp {
		j = j.WithMessage(shown.message)
	}
	j.MaybePosted = s.outbox.EpochBegan().After(began) // the relay may have enqueued it in an epoch that is over
	if shown.mask, err = s.outbox.Enqueue(ctx, j, policy); err != nil {
		s.log.Warn("the job waits for the relay", "job", j.ID, "error", rest.Redact(err.Error()))
		s.outbox.Wake()
		s.delivery.LosePosition(j)
	}
	return shown, nil
}

// dropUnshown gives up one of several jobs, because Discord refused its message. If Discord may have taken the message,
// delivery looks for it later.
func (s *submitter) dropUnshown(ctx context.Context, j job.Job, err error) {
	s.log.Warn("a job of several could not be shown", "job", j.ID, "error", rest.Redact(err.Error()))
	if !rest.Final(err) {
		return
	}
	if err := s.delivery.ExpireUnshown(ctx, j); err != nil {
		s.log.Warn("a job that could not be shown is not taken back yet", "job", j.ID, "error", err)
	}
}

// acknowledge shows the waiting message and notes that it was shown. It returns the message's id if that is known.
func (s *submitter) acknowledge(
	ctx context.Context, r *responder, n newJob, st message.QueueStatus,
) (id string, err error) {
	m := message.Waiting(n.job.Address, n.job.Spec, n.job.ID, st)
	m.Private = n.job.Address.Ephemeral && !n.inPlace
	posted, err := s.showWaiting(ctx, r, n, m)
	if err != nil {
		return "", err
	}
	id = posted.ID
	if n.inPlace {
		id = r.req.Message
	}
	_, err = s.db.Acknowledge(ctx, n.job.ID, id)
	return id, err
}

// showWaiting shows a waiting message: as the answer, in place of the message that was clicked, as a follow-up, or as a
// direct message.
func (s *submitter) showWaiting(ctx context.Context, r *responder, n newJob, m message.Message) (rest.Message, error) {
	switch {
	case n.direct != "":
		m.Nonce = "d" + n.job.ID // not that of late images
		return s.discord.PostMessage(ctx, n.direct, m)
	case n.followUp:
		return s.discord.FollowUp(ctx, r.address(), m)
	case n.inPlace:
		return r.respond(ctx, message.Update(m))
	}
	return r.respond(ctx, message.Reply(m))
}

// sendNotes tells the person privately what was changed. If that fails, it is only logged.
func (s *submitter) sendNotes(ctx context.Context, r *responder, n message.Notes) {
	if s.catalog.NoRenderers() {
		n.Notes = append(n.Notes, r.req.Language.Print(message.NoRenderer()))
	}
	if waiting := s.countInbox(ctx, r); waiting > 0 {
		n.Notes = append(n.Notes, r.req.Language.Print(message.InboxNote(waiting)))
	}
	m, ok := n.Message(r.req.Language)
	if !ok {
		return
	}
	if err := r.replyPrivately(ctx, m); err != nil {
		s.log.Warn("a note did not arrive", "interaction", r.req.ID, "error", rest.Redact(err.Error()))
	}
}

// countInbox counts the entries that their owner has not seen. The number is only for a note, so an error counts as 0.
func (s *submitter) countInbox(ctx context.Context, r *responder) int {
	all, err := s.db.InboxOf(ctx, r.req.Person.ID, s.now().Add(time.Hour)) // none that were shown
	if err != nil {
		s.log.Warn("an inbox could not be counted", "error", err)
	}
	return len(all)
}

// mergeNotes joins the notes of several jobs, each note once. Unknown words are named only for a prompt that was just
// typed: other buttons repeat an earlier prompt.
func mergeNotes(l language.Language, jobs []newJob) message.Notes {
	first := jobs[0]
	model := first.resolved.Spec.Model
	all := message.Notes{Model: model.Name, ModelHash: model.Hash}
	for _, n := range jobs {
		for _, note := range n.resolved.Notes {
			all.Notes = appendNew(all.Notes, []string{l.Print(note)})
		}
		if first.verb == "imagine" || first.verb == "remix" || first.verb == "region" {
			all.UnknownWords = appendNew(all.UnknownWords, n.resolved.UnknownWords)
			all.Nearest = append(all.Nearest, n.resolved.Nearest...)
		}
		if len(all.Examples) == 0 {
			all.Examples = examplesOf(n.resolved.Card, n.resolved.Examples)
		}
	}
	return all
}

// examplesOf returns the examples of a model with these numbers.
func examplesOf(c request.Card, numbers []int) (all []message.Example) {
	for _, n := range numbers {
		all = append(all, message.Example{Number: n, Prompt: c.Examples[n], Model: c.Hash})
	}
	return all
}

// appendNew appends what is not there yet.
func appendNew(all, more []string) []string {
	for _, s := range more {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// derived submits a job that a button made from an earlier one, for the person who clicked.
func (s *submitter) derived(ctx context.Context, r *responder, from job.Job, spec picture.Spec, n newJob) error {
	n.draft, n.private = from.Address.Draft, n.private || keepsPrivate(r, from)
	n.origins = from.Address.Origins
	gone := []string{prompt.FlagSeed}
	if spec.Hires == nil {
		gone = append(gone, prompt.FlagHires)
	}
	n.parent, n.flags = from.ID, request.WithoutFlags(from.Address.Flags, gone...)
	return s.submit(ctx, r, func(available request.Available, policy store.Policy) (newJob, *request.Refusal) {
		var refusal *request.Refusal
		n.resolved, refusal = admit.JudgeSpec(r.req, available, policy, spec, from.Spoiler)
		return n, refusal
	})
}
