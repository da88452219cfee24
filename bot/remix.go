package bot

import (
	"context"

	"darkroom/bot/admit"
	"darkroom/bot/button"
	"darkroom/bot/reply"
	"darkroom/render/picture"
)

// The fields of the remix form.
const (
	fieldPrompt   = "prompt"
	fieldNegative = "negative"
)

// remix opens a form with the prompt filled in.
func (t *turn) remix(ctx context.Context) error {
	e, v, err := t.clicked(ctx)
	if err != nil {
		return err
	}
	_, err = t.answer(ctx, reply.Ask(reply.Form{
		ID: button.ID{Verb: button.Remix, Job: e.ID, Tile: t.click.Tile}.String(), Title: "Remix",
		Fields: []reply.Field{
			{ID: fieldPrompt, Label: "Prompt", Value: v.spec.Prompt, Long: true, Max: picture.MaxPromptRunes,
				Description: "--ar 3:2 --no fog --seed 7 --steps 20 may stand at the end"},
			{ID: fieldNegative, Label: "Negative prompt", Value: v.spec.Negative, Long: true, Optional: true, Max: picture.MaxPromptRunes},
		},
	}))
	return err
}

// remixed paints what came back in the form; what it leaves open is as it was.
func (t *turn) remixed(ctx context.Context) error {
	if t.click.Verb != button.Remix {
		return errOldButton
	}
	e, v, err := t.clicked(ctx)
	if err != nil {
		return err
	}
	t.req.Wanted = admit.Wanted{Prompt: t.req.Options[fieldPrompt], Spoiler: e.Spoiler}
	if negative, ok := t.req.Options[fieldNegative]; ok && negative != v.spec.Negative {
		t.req.Wanted.Negative = &negative
	}
	return t.grant(ctx, wish{Wanted: t.req.Wanted, Drawn: t.o.Seed(), Base: &v.spec, Parent: e.ID})
}
