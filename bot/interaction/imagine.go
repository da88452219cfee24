package interaction

import (
	"context"
	"errors"
	"strconv"

	"darkroom/bot/command"
	"darkroom/bot/message"
	"darkroom/render/prompt/dynamic"
	"darkroom/render/request"
	"darkroom/store"
)

// presetFinder finds the preset that a name means to a person in a server: the person's own, or else the server's.
type presetFinder interface {
	FindPreset(ctx context.Context, server, user, name string) (store.Preset, error)
}

// imagineStore is what /imagine needs of the database.
type imagineStore interface {
	presetFinder
	questions
	recentJobsOf
}

// imaginer submits requests for images from a prompt: those of /imagine, of an example, and of a remix.
type imaginer struct {
	submit    *submitter
	db        imagineStore
	clicks    *clicks
	region    *regions
	catalog   catalog
	wildcards dynamic.Wildcards
	seed      func() int64

	allowsLink func(address string) bool // of a start image
}

// imagine is /imagine.
func (m *imaginer) imagine(ctx context.Context, r *responder) error {
	w := permutationRequest{Wanted: r.req.Wanted, DrawnSeed: m.seed()}
	if err := m.usePreset(ctx, r, &w.Wanted); err != nil {
		return m.refuse(ctx, r, r.req.ID, w, err)
	}
	if refusal := takeLink(&w.Wanted, m.allowsLink); refusal != nil {
		return m.refuse(ctx, r, r.req.ID, w, refusal)
	}
	if w.Wanted.Mask != nil && w.Wanted.Init == nil {
		return request.LoneMask() // a form to edit it has no room for the image
	}
	return m.submitPermutations(ctx, r, w)
}

// usePreset adds the preset that /imagine names to the request.
func (m *imaginer) usePreset(ctx context.Context, r *responder, wanted *request.Wanted) error {
	name := command.StyleName(r.req.Options)
	if name == "" {
		return nil
	}
	p, err := m.db.FindPreset(ctx, r.account(), r.req.Person.ID, name)
	if errors.Is(err, store.ErrNotFound) {
		return message.ErrPresetUnknown
	}
	if err != nil {
		return err
	}
	preset := command.Preset(presetOptions(p))
	wanted.Preset = &preset
	return nil
}

// example renders one of the example prompts that a person saw because the model did not know their words.
func (m *imaginer) example(ctx context.Context, r *responder) error {
	n, err := strconv.Atoi(r.click.Job)
	model, prompt, known := exampleOf(r.click, n, m.catalog.Available().Models)
	if err != nil || !known {
		return message.ErrOldButton
	}
	wanted := request.Wanted{Prompt: prompt}
	if r.click.Arg != "" {
		wanted.Model = new(model.ID())
	}
	return m.submitPermutations(ctx, r, permutationRequest{Wanted: wanted, DrawnSeed: m.seed()})
}

// submitPermutations makes the choices that a request leaves open and submits one job for each permutation. If there
// are many, the person is asked first. If it is refused, the person can edit it.
func (m *imaginer) submitPermutations(ctx context.Context, r *responder, w permutationRequest) error {
	accepted, err := m.trySubmit(ctx, r, w)
	if accepted {
		return err
	}
	return m.refuse(ctx, r, r.req.ID, w, err)
}

func (m *imaginer) trySubmit(ctx context.Context, r *responder, w permutationRequest) (accepted bool, err error) {
	if w.Base == nil {
		if r.settingsErr != nil {
			return false, r.settingsErr
		}
		w.Wanted.Preferences = r.preferences()
	}
	all, err := w.expand(ctx, m.wildcards)
	if err != nil {
		return false, err
	}
	var judges []judgeFunc
	for _, wanted := range all {
		judges = append(judges, w.judge(r.req, wanted))
	}
	if len(judges) > maxUnconfirmed && !w.Confirmed {
		return false, m.askToConfirm(ctx, r, w, judges)
	}
	return m.submit.submitAll(ctx, r, judges)
}
