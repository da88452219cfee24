package interaction

import (
	"context"
	"errors"
	"time"

	"darkroom/bot/admit"
	"darkroom/bot/command"
	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/store"
)

// longestPrivate is how long a private job may take by the estimate. Its message can be edited for TokenLife; the rest
// of that is for estimates that are wrong.
const longestPrivate = 12 * time.Minute

// keepsPrivate tells whether what a click makes of a job is private too: the job is, and its owner clicked on what
// nobody else sees. Once such images were shared, others press the buttons of the public message.
func keepsPrivate(r *responder, from job.Job) bool {
	return r.req.Ephemeral && from.Address.Private() && from.User == r.req.Person.ID
}

// ephemeral tells whether only the person who asked sees the job's message. In direct messages that is so anyway.
func (n newJob) ephemeral(r *responder) bool {
	if n.inPlace {
		return r.req.Ephemeral
	}
	return (n.private || n.resolved.Private) && r.req.Place.Guild != "" && n.direct == ""
}

// directly is the address of a private job whose message is a direct message. The token of the interaction cannot edit
// that, so no renderer posts into it: the bot does.
func (n newJob) directly(to message.Address) message.Address {
	to.Direct, to.Channel, to.Message = true, n.direct, ""
	to.Token, to.Expires, to.FileLimit = "", time.Time{}, command.DefaultFileLimit
	return to
}

// slowPrivateError means that private jobs would take longer than their messages can be edited, or that nobody can tell
// how long. Its owner must say where they go.
type slowPrivateError struct {
	jobs    []newJob
	longest time.Duration // 0 if it is not known
}

func (*slowPrivateError) Error() string { return "a private request would take too long" }

// tooSlowForPrivate returns a slowPrivateError if private jobs would take too long.
func (s *submitter) tooSlowForPrivate(ctx context.Context, jobs []newJob, policy store.Policy) error {
	var all []job.Job
	for _, n := range jobs {
		if n.job.Address.Ephemeral && !n.settled {
			all = append(all, n.job)
		}
	}
	if len(all) == 0 {
		return nil
	}
	longest, known := s.delivery.Foretell(ctx, all, policy)
	switch {
	case !known:
		longest = 0
	case longest <= longestPrivate:
		return nil
	}
	return &slowPrivateError{jobs: jobs, longest: longest}
}

// checkQuota refuses jobs that a person may not have any more, before they are asked anything about them.
func (s *submitter) checkQuota(ctx context.Context, r *responder, jobs []newJob) error {
	policy, _, err := s.db.PolicyAndWeights(ctx, r.account())
	if err != nil {
		return err
	}
	use, err := s.db.Usage(ctx, r.account(), r.req.Person.ID)
	if err != nil {
		return err
	}
	if refusal := admit.CheckQuota(policy, use, pictures(jobs)); refusal != nil {
		return refusal
	}
	return nil
}

// errDirectClosed means that a person takes no direct messages of the bot.
var errDirectClosed = errors.New("direct messages are closed")

// showDirectly shows accepted jobs in direct messages, and then in place of the question where they are. If the person
// takes no direct messages, none of the jobs is accepted.
func (s *submitter) showDirectly(
	ctx context.Context, r *responder, jobs []newJob, policy store.Policy, began time.Time,
) (accepted bool, err error) {
	var first string
	for i, n := range jobs {
		shown, err := s.showAndEnqueue(ctx, r, n, policy, began)
		switch {
		case err != nil && i == 0 && rest.Final(err):
			return false, errors.Join(errDirectClosed, s.expireAll(ctx, jobs))
		case err != nil:
			s.dropUnshown(ctx, n.job, err)
		case first == "":
			first = shown.message
		}
		jobs[i].noteMask(shown)
	}
	s.sendNotes(ctx, r, mergeNotes(r.req.Language, jobs))
	at := message.Link{Channel: jobs[0].direct, Message: first}
	return true, r.edit(ctx, message.DirectAccepted(r.req.Language, at))
}

func (s *submitter) expireAll(ctx context.Context, jobs []newJob) (err error) {
	for _, n := range jobs {
		_, xerr := s.db.Expire(ctx, n.job.ID)
		err = errors.Join(err, xerr)
	}
	return err
}
