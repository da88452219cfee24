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

// knownWords shows what a model can render.
type knownWords struct{ catalog catalog }

// show shows the words of the model that the button names.
func (k *knownWords) show(ctx context.Context, r *responder) error {
	available := k.catalog.Available()
	models := available.Models
	i := slices.IndexFunc(models, func(c request.Card) bool { return strings.HasPrefix(c.Hash, r.click.Job) })
	if i < 0 {
		return message.ErrOldButton
	}
	var examples []message.Example
	if i == 0 { // an example's button is about the first model
		examples = firstExamples(models[0])
	}
	addons := slices.DeleteFunc(slices.Clone(available.Addons), func(c request.AddonCard) bool {
		return !c.Fits(models[i]) || c.NSFW && !r.req.Place.AgeRestricted
	})
	return r.replyPrivately(ctx, message.KnownWords(r.req.Language, models[i], addons, examples))
}

// firstExamples returns the first examples of a model, as many as have a button.
func firstExamples(c request.Card) (all []message.Example) {
	for n, prompt := range c.Examples[:min(maxExamples, len(c.Examples))] {
		all = append(all, message.Example{Number: n, Prompt: prompt})
	}
	return all
}
