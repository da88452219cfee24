package interaction

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"darkroom/bot/admit"
	"darkroom/bot/job"
	"darkroom/render/picture"
	"darkroom/render/request"
	"darkroom/store"
)

// acceptance judges jobs and stores them.
type acceptance interface {
	PolicyAndWeights(ctx context.Context, server string) (store.Policy, map[string]int, error)
	Usage(ctx context.Context, server, user string) (store.Usage, error)
	Accept(ctx context.Context, jobs []store.Job, judge func(store.Policy, store.Usage) error) error
}

// errPolicyChanged means that a moderator changed the limits after a request was judged and before it was stored.
var errPolicyChanged = errors.New("the server's limits changed meanwhile")

// accept judges requests and stores their jobs, in one transaction with the limits that apply to them. It returns these
// limits, so that they need not be read again.
func (s *submitter) accept(ctx context.Context, r *responder, judges []judgeFunc) ([]newJob, store.Policy, error) {
	ctx, cancel := r.beforeAnswer(ctx)
	defer cancel()
	policy, weights, err := s.db.PolicyAndWeights(ctx, r.account())
	if err != nil {
		return nil, policy, err
	}
	for tries := 0; ; tries++ {
		jobs, err := s.judgeAll(ctx, r, judges, policy, weights)
		if err != nil {
			return nil, policy, err
		}
		if err := s.tooSlowForPrivate(ctx, jobs, policy); err != nil {
			return nil, policy, err
		}
		err = s.db.Accept(ctx, rows(jobs), func(now store.Policy, u store.Usage) error {
			if now != policy {
				policy = now
				return errPolicyChanged
			}
			if refusal := admit.CheckQuota(now, u, pictures(jobs)); refusal != nil {
				return refusal
			}
			return nil
		})
		if !errors.Is(err, errPolicyChanged) || tries == 2 {
			return jobs, policy, err
		}
	}
}

func rows(jobs []newJob) []store.Job {
	var all []store.Job
	for _, n := range jobs {
		all = append(all, n.job.Job)
	}
	return all
}

func pictures(jobs []newJob) (n int) {
	for _, j := range jobs {
		n += j.job.Pictures
	}
	return n
}

// judgeAll makes the jobs of all requests, or returns the first refusal.
func (s *submitter) judgeAll(
	ctx context.Context, r *responder, judges []judgeFunc, policy store.Policy, weights map[string]int,
) (jobs []newJob, err error) {
	available := s.catalog.Await(ctx)
	for i, judge := range judges {
		n, refusal := judge(available, policy)
		if refusal != nil {
			return nil, refusal
		}
		n.followUp = n.followUp || i > 0
		if n.job, err = s.newJob(r, n, i, weights); err != nil {
			return nil, err
		}
		jobs = append(jobs, n)
	}
	return jobs, nil
}

// newJob makes the job of an accepted request, the i-th of its interaction.
func (s *submitter) newJob(r *responder, n newJob, i int, weights map[string]int) (job.Job, error) {
	res := n.resolved
	to := r.address()
	to.Verb, to.Tile, to.Spoiler, to.Ephemeral = n.verb, n.tile, res.Spoiler, n.ephemeral(r)
	to.Language = r.languageFor(to.Ephemeral || n.direct != "")
	to.Flags, to.Card, to.Draft = cmp.Or(res.Flags, n.flags), !s.plain, cmp.Or(res.Draft, n.draft)
	if n.inPlace {
		to.Card = r.req.Card // a message cannot go from one form to the other
	}
	to.Origins = cmp.Or(request.FormatOrigins(res.Origins), n.origins)
	to.FromImage = res.PendingInit != nil || res.Spec.Init != nil
	if n.followUp {
		to.Message = "" // it has none yet: see job.WithMessage
	}
	if n.direct != "" {
		to = n.directly(to)
	}
	row := store.Job{
		ID: fmt.Sprintf("%s-%d", r.req.ID, i), Server: r.account(), Channel: to.Channel, User: r.req.Person.ID,
		Parent: n.parent, Verb: n.verb, State: store.Accepted, Lane: res.Spec.Lane(), Cost: s.catalog.Estimate(res.Spec),
		Pictures: res.Spec.Count, Inputs: inputHashes(res.Spec), Spoiler: res.Spoiler,
		Weight: weight(weights, r.account(), r.req.Person.Roles), Created: s.now(),
		Ping: r.settings.Person.Ping && r.req.Place.Guild != "" && !to.Private(),
	}
	if n.inPlace {
		row.Message = r.req.Message
	}
	if res.PendingInit != nil {
		pending, err := json.Marshal(res.PendingInit)
		if err != nil {
			return job.Job{}, fmt.Errorf("save start image: %w", err)
		}
		row.PendingInputs = pending
	}
	return job.New(row, res.Spec, to)
}

// inputHashes are the hashes of the input images that a Spec names.
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

// weight is the weight of a person with these roles: the largest of the roles' weights. The role that everybody has is
// named by the id of the server.
func weight(weights map[string]int, server string, roles []string) int {
	heaviest := 0
	for _, role := range append([]string{server}, roles...) {
		heaviest = max(heaviest, weights[role])
	}
	return heaviest
}
