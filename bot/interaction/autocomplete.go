package interaction

import (
	"context"
	"slices"
	"strings"

	"darkroom/bot/command"
	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// completionStore lists the jobs and presets of a person.
type completionStore interface {
	recentJobsOf
	presetFinder
	presetLister
	settingsReader
}

// autocompletion suggests values while somebody types an option.
type autocompletion struct {
	catalog catalog
	db      completionStore
}

// run suggests values. A person can send other values too, so they are judged again when they arrive.
func (a *autocompletion) run(ctx context.Context, r *responder) error {
	choices, err := a.choices(ctx, r)
	if err != nil {
		return err
	}
	_, err = r.respond(ctx, message.Choices(choices))
	return err
}

func (a *autocompletion) choices(ctx context.Context, r *responder) ([]message.Choice, error) {
	typed := r.req.Options[r.req.FocusedOption]
	switch option := r.req.FocusedOption; {
	case option == "job":
		return a.jobChoices(ctx, r, typed)
	case command.NamesStyle(option), option == "name":
		return a.presetChoices(ctx, r, typed)
	}
	available := a.catalog.Available()
	if len(available.Models) == 0 {
		return nil, nil
	}
	model := a.model(ctx, r, available)
	switch r.req.FocusedOption {
	case "size":
		return matching(model.SizeNames(), typed), nil
	case "sampler":
		return samplerChoices(model.SamplerNames(), typed), nil
	case "model":
		allowed := allowedModels(available.Models, r.req.Place.AgeRestricted)
		return modelChoices(allowed, recentHashes(ctx, a.db, r.req.Person.ID), typed), nil
	}
	return a.addonChoices(ctx, r, available.Addons, model), nil
}

// model is the model of what is being typed: the one that an option or else the style names, or else the one that a
// request would get here which names none. It is only for suggestions, so an error counts as no preference.
func (a *autocompletion) model(ctx context.Context, r *responder, available request.Available) request.Card {
	if c, refusal := available.FindModel(r.req.Options["model"]); refusal == nil {
		return c
	}
	if style := command.StyleName(r.req.Options); style != "" {
		p, err := a.db.FindPreset(ctx, r.account(), r.req.Person.ID, style)
		if c, refusal := available.FindModel(presetOptions(p)["model"]); err == nil && refusal == nil {
			return c
		}
	}
	r.settings, _ = a.db.Settings(ctx, r.account(), r.req.Person.ID)
	preferences := r.preferences()
	if r.req.Sub == "settings" {
		preferences = preferences[1:] // those of the server
	}
	available.Safe = !r.req.Place.AgeRestricted
	if c, refusal := available.PreferredModel(preferences); refusal == nil {
		return c
	}
	return available.Models[0]
}

// addonChoices suggests what fits a model.
func (a *autocompletion) addonChoices(
	ctx context.Context, r *responder, cards []request.AddonCard, model request.Card,
) []message.Choice {
	kinds := []string{picture.LoRA, picture.Hypernet}
	switch option := r.req.FocusedOption; {
	case option == "vae":
		kinds = []string{picture.VAE}
	case !command.NamesAddon(option):
		return nil
	}
	recent := recentHashes(ctx, a.db, r.req.Person.ID)
	search := addonSearch{kinds: kinds, model: model, safe: !r.req.Place.AgeRestricted, recent: recent}
	return search.choices(cards, r.req.Options[r.req.FocusedOption])
}

// jobChoices suggests the person's own unfinished jobs, the newest first.
func (a *autocompletion) jobChoices(ctx context.Context, r *responder, typed string) ([]message.Choice, error) {
	mine, err := a.db.Unfinished(ctx, r.req.Person.ID)
	if err != nil {
		return nil, err
	}
	var out []message.Choice
	for _, m := range slices.Backward(mine) {
		id := m.ID
		name := id
		if j, err := job.Read(m); err == nil && j.Spec.Prompt != "" {
			name = j.Spec.Prompt
		}
		if strings.Contains(strings.ToLower(name), strings.ToLower(typed)) || typed == id {
			out = append(out, message.Choice{Name: message.Shorten(name, message.MaxChoiceLength), Value: id})
		}
	}
	return out, nil
}

// presetChoices suggests the person's own presets, and then those of the server. What /preset saves or deletes is one
// of those that it means.
func (a *autocompletion) presetChoices(ctx context.Context, r *responder, typed string) ([]message.Choice, error) {
	own, ofServer, err := a.db.PresetsFor(ctx, r.account(), r.req.Person.ID)
	if err != nil {
		return nil, err
	}
	if r.req.Sub == "preset" && command.IsForServer(r.req.Options) {
		own = nil
	} else if r.req.Sub == "preset" {
		ofServer = nil
	}
	var out []message.Choice
	taken := map[string]bool{}
	for _, p := range own {
		taken[p.Name] = true
		out = append(out, matching([]string{p.Name}, typed)...)
	}
	for _, p := range ofServer {
		for _, c := range matching([]string{p.Name}, typed) {
			if !taken[p.Name] {
				c.Name = message.Shorten(message.ServersPreset(r.req.Language, c.Name), message.MaxChoiceLength)
				out = append(out, c)
			}
		}
	}
	return out, nil
}

// samplerChoices shows samplers by A1111's names, and finds them by these and by ours.
func samplerChoices(names []string, typed string) []message.Choice {
	plain := func(s string) string {
		return strings.NewReplacer("++", "pp", " ", "", "_", "").Replace(strings.ToLower(s))
	}
	var out []message.Choice
	for _, name := range names {
		title := encode.SamplerTitle(name)
		if strings.Contains(plain(title), plain(typed)) || strings.Contains(plain(name), plain(typed)) {
			out = append(out, message.Choice{Name: title, Value: name})
		}
	}
	return out
}

// matching returns the names that contain what was typed. A size may be typed with x, × or *.
func matching(names []string, typed string) []message.Choice {
	plain := func(s string) string {
		return strings.NewReplacer("×", "x", "*", "x").Replace(strings.ToLower(strings.TrimSpace(s)))
	}
	var out []message.Choice
	for _, name := range names {
		if strings.Contains(plain(name), plain(typed)) {
			out = append(out, message.Choice{Name: name, Value: name})
		}
	}
	return out
}
