package bot

import (
	"context"
	"strconv"

	"darkroom/bot/admit"
)

// imagine paints pictures from words.
func (h *handler) imagine(ctx context.Context) error {
	if err := h.usePreset(ctx); err != nil {
		return err
	}
	return h.submitPermutations(ctx, permutationRequest{Wanted: h.req.Wanted, DrawnSeed: h.o.Seed()})
}

// example paints one of the prompts that were shown to somebody whose words the model does not know.
func (h *handler) example(ctx context.Context) error {
	n, err := strconv.Atoi(h.click.Job)
	models := h.catalog.current().Models
	if err != nil || n < 0 || len(models) == 0 || n >= len(models[0].Examples) {
		return errOldButton
	}
	h.req.Wanted = admit.Wanted{Prompt: models[0].Examples[n]}
	return h.imagine(ctx)
}

// judge looks at a request under one policy.
type judgeFunc func(admit.Available, admit.Policy) (newJob, *admit.Refusal)

// promise is an order with what is written down beside it.
type newJob struct {
	resolved admit.Resolved
	verb     string // "imagine", "reroll", "vary", "upscale", "zoom", "pan", "remix" or "show"
	parent   string // the job whose button was pressed
	tile     int    // the tile that a button made this out of
	inPlace  bool   // the message that was clicked on becomes the answer
	private  bool   // only the person who asked sees it
	followUp bool   // its message is a further one under the interaction, whose first answer is another
}
