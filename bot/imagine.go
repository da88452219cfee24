package bot

import (
	"context"
	"strconv"

	"darkroom/bot/admit"
)

// imagine paints pictures from words.
func (t *turn) imagine(ctx context.Context) error {
	if err := t.usePreset(ctx); err != nil {
		return err
	}
	return t.grant(ctx, wish{Wanted: t.req.Wanted, Drawn: t.o.Seed()})
}

// example paints one of the prompts that were shown to somebody whose words the model does not know.
func (t *turn) example(ctx context.Context) error {
	n, err := strconv.Atoi(t.click.Job)
	models := t.offers.current().Models
	if err != nil || n < 0 || len(models) == 0 || n >= len(models[0].Prompts) {
		return errOldButton
	}
	t.req.Wanted = admit.Wanted{Prompt: models[0].Prompts[n]}
	return t.imagine(ctx)
}

// judge looks at a request under one policy.
type judge func(admit.Offer, admit.Policy) (promise, *admit.Refusal)

// promise is an order with what is written down beside it.
type promise struct {
	order   admit.Order
	verb    string // "imagine", "reroll", "vary", "upscale", "zoom", "pan", "remix" or "show"
	parent  string // the job whose button was pressed
	tile    int    // the tile that a button made this out of
	here    bool   // the message that was clicked on becomes the answer
	hidden  bool   // only the person who asked sees it
	further bool   // its message is a further one under the interaction, whose first answer is another
}
