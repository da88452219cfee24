package bot

import (
	"context"
	"errors"
	"time"

	"darkroom/bot/admit"
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/prompt/dynamic"
)

const (
	// promptsMost is how many permutations one request may have, whatever a server allows.
	promptsMost = 20
	// promptsUnasked is how many are painted without asking first, as on Midjourney.
	promptsUnasked = 3
	// expandWithin is how long writing a prompt out may take, of the three seconds that Discord waits for an answer.
	expandWithin = time.Second
)

// wish is what somebody wants, in words that may leave something open. Its JSON is kept while they are asked about it.
type wish struct {
	Wanted admit.Wanted  `json:"wanted"`
	Drawn  int64         `json:"drawn"`          // the seed, if they name none; it makes the choices too
	Base   *picture.Spec `json:"base,omitempty"` // the settings that are remixed
	Parent string        `json:"parent,omitempty"`

	Sure bool `json:"-"` // they were asked, and said yes
}

// grant settles what a wish leaves open and orders what comes of it: one job, or one for each permutation. Somebody who
// may not know how many that are is asked first.
func (t *turn) grant(ctx context.Context, w wish) error {
	all, err := w.expand(ctx, t.o.Wildcards)
	if err != nil {
		return err
	}
	var rules []judge
	for _, wanted := range all {
		rules = append(rules, t.ruleFor(w, wanted))
	}
	if len(rules) > promptsUnasked && !w.Sure {
		return t.confirm(ctx, w, rules)
	}
	return t.orderAll(ctx, rules)
}

// ruleFor judges one permutation of a wish.
func (t *turn) ruleFor(w wish, wanted admit.Wanted) judge {
	req := t.req
	req.Wanted = wanted
	return func(offer admit.Offer, p admit.Policy) (promise, *admit.Refusal) {
		if w.Base != nil {
			o, no := admit.Revise(req, offer, p, *w.Base, w.Drawn)
			return promise{order: o, verb: "remix", parent: w.Parent, further: w.Sure}, no
		}
		o, no := admit.Judge(req, offer, p, w.Drawn)
		return promise{order: o, verb: "imagine", further: w.Sure}, no
	}
}

// expand settles choices and wildcards, by the wish's seed, and returns each permutation. All share the seed, so that
// they differ in what was typed alone.
func (w wish) expand(ctx context.Context, from dynamic.Wildcards) ([]admit.Wanted, error) {
	ctx, cancel := context.WithTimeout(ctx, expandWithin)
	defer cancel()
	texts := []string{w.Wanted.Prompt, "", "", ""}
	if w.Wanted.Negative != nil {
		texts[1] = *w.Wanted.Negative
	}
	usual := w.Wanted.Preset
	if usual != nil {
		if texts[2] = usual.Words; usual.Settings.Negative != nil {
			texts[3] = *usual.Settings.Negative
		}
	}
	rows, err := dynamic.Expand(ctx, texts, w.seed(), from, promptsMost)
	if err != nil {
		return nil, unclear(err)
	}
	var all []admit.Wanted
	for _, row := range rows {
		one := w.Wanted
		one.Prompt = row[0]
		if one.Negative != nil {
			one.Negative = &row[1]
		}
		if usual != nil {
			p := *usual
			if p.Words = row[2]; p.Settings.Negative != nil {
				p.Settings.Negative = &row[3]
			}
			one.Preset = &p
		}
		all = append(all, one)
	}
	return all, nil
}

// seed is the seed that makes the choices: the one that the pictures will have, as far as it is the same for all.
func (w wish) seed() int64 {
	if n := w.Wanted.Seed; n != nil && *n >= 0 {
		return *n
	}
	if n, given := prompt.SeedOf(w.Wanted.Prompt); given {
		return n
	}
	if p := w.Wanted.Preset; p != nil && p.Settings.Seed != nil && *p.Settings.Seed >= 0 {
		return *p.Settings.Seed
	}
	return w.Drawn
}

// unclear refuses what cannot be expanded, with a sentence for the person.
func unclear(err error) error {
	var unknown *dynamic.UnknownError
	var many *dynamic.TooManyError
	switch {
	case errors.As(err, &unknown):
		return &admit.Refusal{Sentence: "I do not know this: " + unknown.Error() + ".", Hint: unknown.Hint()}
	case errors.As(err, &many):
		return &admit.Refusal{Sentence: "That is too much at once: " + many.Error() + ".", Hint: "Put fewer choices between the braces, or escape a comma that is no choice as \\,"}
	case errors.Is(err, context.DeadlineExceeded):
		return &admit.Refusal{Sentence: "I cannot write that out: it takes me too long.", Hint: "Put fewer choices and wildcards into it."}
	case errors.Is(err, dynamic.ErrLong), errors.Is(err, dynamic.ErrWide):
		return &admit.Refusal{Sentence: "I cannot write that out: " + err.Error() + "."}
	}
	return err
}
