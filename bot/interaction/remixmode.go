package interaction

import (
	"cmp"
	"context"
	"strings"

	"darkroom/bot/button"
	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// remixMode lets people who want it change the prompt before a button makes new images, as on Midjourney: the button
// opens the form of a remix, filled in. The form has the custom_id of its button. If nothing is changed in it, the
// button does what it does anyway.
type remixMode struct {
	imagine *imaginer
	used    *usedButtons
}

// before returns the action of a button that makes new images.
func (m *remixMode) before(plain action) action {
	return func(ctx context.Context, r *responder) error {
		if !r.settings.Person.Remix {
			return plain(ctx, r)
		}
		j, err := m.imagine.clicks.job(ctx, r)
		if err != nil {
			return err
		}
		form := m.imagine.remixForm(ctx, r, j).Form(r.req.Language, r.click, picture.MaxPromptRunes)
		_, err = r.respond(ctx, message.OpenForm(form))
		return err
	}
}

// submit returns the action of such a form.
func (m *remixMode) submit(plain action) action {
	return func(ctx context.Context, r *responder) error {
		j, err := m.imagine.clicks.job(ctx, r)
		if err != nil {
			return err
		}
		w := m.imagine.remixRequest(r, remixed(r, j.Spec), j)
		if w.isUnchanged() {
			return plain(ctx, r)
		}
		if r.click.Verb == button.Vary {
			if err := w.varyTile(r, j); err != nil {
				return err
			}
		} else {
			w.varyAgain(j)
		}
		if err := m.imagine.submitPermutations(ctx, r, w); err != nil {
			return err
		}
		if r.click.Verb == button.Vary {
			m.used.mark(r, j)
		}
		return nil
	}
}

// isUnchanged tells whether the form of a remix holds what it was opened with.
func (w permutationRequest) isUnchanged() bool {
	asked := w.Wanted
	return strings.TrimSpace(asked.Prompt) == strings.TrimSpace(w.Base.Prompt) && asked.Negative == nil &&
		asked.Model == nil && asked.Strength == nil && asked.Init == nil
}

// varyTile makes the remix one of variations of the clicked tile.
func (w *permutationRequest) varyTile(r *responder, j job.Job) error {
	n := tileNumber(r)
	strength := varyStrengths[r.click.Arg]
	switch {
	case n > j.Spec.Count:
		return message.ErrNoTile
	case strength == 0:
		return message.ErrOldButton
	}
	tile := j.Spec.Tile(n - 1)
	tile.Count, tile.Steps = picture.MaxCount, cmp.Or(j.Address.Draft, tile.Steps)
	w.Base, w.Vary, w.Tile = &tile, strength, n
	return nil
}

// varyAgain keeps what a variation is a variation of. Only its last step gets a new seed.
func (w *permutationRequest) varyAgain(j job.Job) {
	n := len(j.Spec.Variations)
	if n == 0 {
		return
	}
	base := *w.Base
	base.Variations = base.Variations[:n-1]
	w.Base, w.Vary = &base, j.Spec.Variations[n-1].Strength
}

// remixRequest is what the form of a remix asks for.
func (m *imaginer) remixRequest(r *responder, base picture.Spec, j job.Job) permutationRequest {
	base.Steps = cmp.Or(j.Address.Draft, base.Steps) // a remix of a draft is whole
	wanted := request.Wanted{
		Prompt: r.req.Options[message.FieldPrompt], Spoiler: j.Spoiler, Private: keepsPrivate(r, j),
	}
	if negative, ok := r.req.Options[message.FieldNegative]; ok && negative != base.Negative {
		wanted.Negative = &negative
	}
	wanted.Model, wanted.Strength = chosenModel(r.req.Options), chosenStrength(r.req.Options)
	if file, ok := r.req.Uploads[message.FieldInit]; ok {
		wanted.Init = &file
	}
	return permutationRequest{Wanted: wanted, DrawnSeed: m.seed(), Base: &base, Parent: j.ID}
}
