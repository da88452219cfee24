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
	c, images := models[i], []message.File(nil)
	if !c.NSFW || r.req.Place.AgeRestricted {
		images, _ = exampleImages(k.catalog, c)
	}
	examples := examplesWith(c, images, maxExamples)
	return r.replyPrivately(ctx, message.KnownWords(r.req.Language, c, usable(r, available.Addons, c), examples, images))
}

// firstExamples returns the first examples of a model.
func firstExamples(c request.Card, most int) (all []message.Example) {
	prompts := c.ExamplePrompts()
	for n, prompt := range prompts[:min(most, len(prompts))] {
		all = append(all, message.Example{Number: n, Prompt: prompt, Model: c.Hash})
	}
	return all
}
