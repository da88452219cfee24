package bot

import (
	"context"

	"darkroom/bot/admit"
	"darkroom/bot/button"
	"darkroom/bot/message"
	"darkroom/render/picture"
)

// The fields of the remix form.
const (
	fieldPrompt   = "prompt"
	fieldNegative = "negative"
)

// remix opens a form with the prompt filled in.
func (h *handler) remix(ctx context.Context) error {
	e, v, err := h.clickedJob(ctx)
	if err != nil {
		return err
	}
	_, err = h.respond(ctx, message.OpenForm(message.Form{
		ID: button.ID{Verb: button.Remix, Job: e.ID, Tile: h.click.Tile}.String(), Title: "Remix",
		Fields: []message.Field{
			{ID: fieldPrompt, Label: "Prompt", Value: v.spec.Prompt, Long: true, Max: picture.MaxPromptRunes,
				Description: "--ar 3:2 --no fog --seed 7 --steps 20 may stand at the end"},
			{ID: fieldNegative, Label: "Negative prompt", Value: v.spec.Negative, Long: true, Optional: true, Max: picture.MaxPromptRunes},
		},
	}))
	return err
}

// remixed paints what came back in the form; what it leaves open is as it was.
func (h *handler) submitRemix(ctx context.Context) error {
	if h.click.Verb != button.Remix {
		return errOldButton
	}
	e, v, err := h.clickedJob(ctx)
	if err != nil {
		return err
	}
	h.req.Wanted = admit.Wanted{Prompt: h.req.Options[fieldPrompt], Spoiler: e.Spoiler}
	if negative, ok := h.req.Options[fieldNegative]; ok && negative != v.spec.Negative {
		h.req.Wanted.Negative = &negative
	}
	return h.submitPermutations(ctx, permutationRequest{Wanted: h.req.Wanted, DrawnSeed: h.o.Seed(), Base: &v.spec, Parent: e.ID})
}
