package interaction

import (
	"context"
	"maps"
	"strings"

	"darkroom/bot/admit"
	"darkroom/bot/command"
	"darkroom/bot/message"
	"darkroom/render/phrase"
	"darkroom/render/prompt/dynamic"
	"darkroom/render/request"
	"darkroom/store"
)

// triedPrompt is what defaults are tried with before they are kept.
const triedPrompt = "a boat"

// preferences are what the person and the server want where a request does not say it, the strongest first.
func (r *responder) preferences() []request.Preference {
	s := r.settings
	return []request.Preference{
		command.Preference(request.FromPerson, s.Person.Options, s.Person.Suffix),
		command.Preference(request.FromServer, s.Server.Options, ""),
	}
}

// policySource knows what a server allows.
type policySource interface {
	PolicyAndWeights(ctx context.Context, server string) (store.Policy, map[string]int, error)
}

// trial tries defaults before they are kept, so that they are refused once and not at each request.
type trial struct {
	catalog   catalog
	limits    policySource
	wildcards dynamic.Wildcards
}

// options tries the defaults that somebody sets, with the model of those that are set already. notes tell what will be
// changed. While no model is known, everything is taken.
func (t trial) options(changed, earlier map[string]string) (notes []phrase.Phrase, refusal *request.Refusal) {
	all := maps.Clone(changed)
	available := t.catalog.Available()
	if m := earlier["model"]; all["model"] == "" && m != "" {
		if _, gone := available.FindModel(m); gone == nil {
			all["model"] = m
		}
	}
	w := command.Preference(request.FromPerson, all, "").Settings
	w.Prompt = triedPrompt
	return t.try(available, w)
}

// suffix tries a suffix as the end of a prompt.
func (t trial) suffix(ctx context.Context, suffix string) (notes []phrase.Phrase, err error) {
	w := permutationRequest{Wanted: request.Wanted{Prompt: triedPrompt + ", " + suffix}}
	all, err := w.expand(ctx, t.wildcards)
	if err != nil {
		return nil, err
	}
	notes, refusal := t.try(t.catalog.Available(), all[0])
	if refusal != nil {
		return nil, refusal
	}
	return notes, nil
}

func (t trial) try(available request.Available, w request.Wanted) (notes []phrase.Phrase, refusal *request.Refusal) {
	if len(available.Models) == 0 {
		return nil, nil
	}
	res, refusal := request.Resolve(w, available, 1)
	if refusal != nil {
		return nil, refusal
	}
	return res.Notes, nil
}

// effective is what a request that says nothing uses here within the server's limits, and where that comes from. Its
// Spec is zero while no model is known, and if nothing can be made.
func (t trial) effective(
	ctx context.Context, r *responder, preferences []request.Preference,
) (shown message.Effective, err error) {
	available := t.catalog.Available()
	if len(available.Models) == 0 {
		return shown, nil
	}
	ctx, cancel := r.beforeAnswer(ctx)
	defer cancel()
	policy, _, err := t.limits.PolicyAndWeights(ctx, r.account())
	if err != nil {
		return shown, err
	}
	for i, p := range preferences {
		if strings.Contains(p.Suffix, "{") || strings.Contains(p.Suffix, "__") { // its choices are not made here
			preferences[i].Suffix = request.WithoutFlags(p.Suffix)
		}
	}
	asked := command.Request{Place: r.req.Place}
	asked.Wanted = request.Wanted{Prompt: triedPrompt, Preferences: preferences}
	res, refusal := admit.Foresee(asked, available, policy, 1)
	if refusal != nil {
		return message.Effective{Notes: []phrase.Phrase{refusal.Sentence}}, nil
	}
	return message.Effective{Spec: res.Spec, Origins: res.Origins, Notes: res.Notes}, nil
}
