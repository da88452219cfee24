package interaction

import (
	"context"
	"slices"
	"strings"

	"darkroom/bot/message"
	"darkroom/render/request"
)

// maxExamples is how many examples have a button: a row of Discord has five.
const maxExamples = 5

// knownWords shows what a model can paint.
type knownWords struct{ catalog catalog }

// show shows the words of the model that the button names.
func (k *knownWords) show(ctx context.Context, r *responder) error {
	models := k.catalog.Available().Models
	i := slices.IndexFunc(models, func(c request.Card) bool { return strings.HasPrefix(c.Hash, r.click.Job) })
	if i < 0 {
		return message.ErrOldButton
	}
	var examples []message.Example
	if i == 0 { // an example's button is about the first model
		for n, prompt := range models[0].Examples[:min(maxExamples, len(models[0].Examples))] {
			examples = append(examples, message.Example{Number: n, Prompt: prompt})
		}
	}
	return r.replyPrivately(ctx, message.KnownWords(models[i], examples))
}
