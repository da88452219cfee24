package bot

import (
	"context"
	"errors"
	"time"

	"darkroom/bot/admit"
	"darkroom/render/picture"
	"darkroom/render/prompt/dynamic"
	"darkroom/render/request"
)

const (
	// maxPermutations is how many permutations one request may have, whatever a server allows.
	maxPermutations = 20
	// maxUnconfirmed is how many are painted without asking first, as on Midjourney.
	maxUnconfirmed = 3
	// expandTimeout is how long writing a prompt out may take, of the three seconds that Discord waits for an answer.
	expandTimeout = time.Second
)

// wish is what somebody wants, in words that may leave something open. Its JSON is kept while they are asked about it.
type permutationRequest struct {
	Wanted    admit.Wanted  `json:"wanted"`
	DrawnSeed int64         `json:"drawn"`          // the seed, if they name none; it makes the choices too
	Base      *picture.Spec `json:"base,omitempty"` // the settings that are remixed
	Parent    string        `json:"parent,omitempty"`

	Confirmed bool `json:"-"` // they were asked, and said yes
}

// grant settles what a wish leaves open and orders what comes of it: one job, or one for each permutation. Somebody who
// may not know how many that are is asked first.
func (h *handler) submitPermutations(ctx context.Context, w permutationRequest) error {
	all, err := w.expand(ctx, h.o.Wildcards)
	if err != nil {
		return err
	}
	var judges []judgeFunc
	for _, wanted := range all {
		judges = append(judges, h.judgeFor(w, wanted))
	}
	if len(judges) > maxUnconfirmed && !w.Confirmed {
		return h.askToConfirm(ctx, w, judges)
	}
	return h.submitAll(ctx, judges)
}

// judgeFor judges one permutation of a wish.
func (h *handler) judgeFor(w permutationRequest, wanted admit.Wanted) judgeFunc {
	req := h.req
	req.Wanted = wanted
	return func(available admit.Available, p admit.Policy) (newJob, *admit.Refusal) {
		if w.Base != nil {
			o, no := admit.JudgeRemix(req, available, p, *w.Base, w.DrawnSeed)
			return newJob{resolved: o, verb: "remix", parent: w.Parent, followUp: w.Confirmed}, no
		}
		o, no := admit.Judge(req, available, p, w.DrawnSeed)
		return newJob{resolved: o, verb: "imagine", followUp: w.Confirmed}, no
	}
}

// expand makes the choices that the request leaves open, and returns each permutation.
func (w permutationRequest) expand(ctx context.Context, from dynamic.Wildcards) ([]admit.Wanted, error) {
	ctx, cancel := context.WithTimeout(ctx, expandTimeout)
	defer cancel()
	all, err := request.Expand(ctx, w.Wanted, w.DrawnSeed, from, maxPermutations)
	if err != nil {
		return nil, expansionRefusal(err)
	}
	return all, nil
}

// unclear refuses what cannot be expanded, with a sentence for the person.
func expansionRefusal(err error) error {
	var unknown *dynamic.UnknownError
	var many *dynamic.TooManyError
	switch {
	case errors.As(err, &unknown):
		return &admit.Refusal{Sentence: "I do not know this: " + unknown.Error() + ".", Hint: unknown.Hint()}
	case errors.As(err, &many):
		return &admit.Refusal{Sentence: "That is too much at once: " + many.Error() + ".", Hint: "Put fewer choices between the braces, or escape a comma that is no choice as \\,"}
	case errors.Is(err, context.DeadlineExceeded):
		return &admit.Refusal{Sentence: "I cannot write that out: it takes me too long.", Hint: "Put fewer choices and wildcards into it."}
	case errors.Is(err, dynamic.ErrTooLong), errors.Is(err, dynamic.ErrTooManyLines):
		return &admit.Refusal{Sentence: "I cannot write that out: " + err.Error() + "."}
	}
	return err
}
