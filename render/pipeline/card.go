package pipeline

import (
	"slices"

	"darkroom/render"
	"darkroom/render/folder"
	"darkroom/render/phrase"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// Card is a model folder's card with what this program adds: the settings that suit the model where its maker names
// none, how it can be sampled, and what else it can do.
func Card(f *folder.Model) request.Card {
	c, can := f.Card, f.Config
	c.Name, c.Hash = f.Name, f.Hash
	if can.Family != nil {
		c.Family, c.TextWidth = can.Family.Name, can.TextWidth
	}
	c.Dialect, c.Samplers = Dialect(f), Samplers(f)
	c.Sizes, c.Multiple = Sizes(f), can.SizeMultiple
	c.Defaults = Defaults(f)
	c.ImageToImage, c.Chunks = can.CanEncode, can.MaxChunks
	c.FinishesImages = can.Family != nil && can.Family.FinishesImages
	hires, tiling := can.FixedSize == folder.Size{}, can.SupportsSeamless
	c.Hires, c.Tiling = &hires, &tiling
	c.SkippableLayers = skippableLayers(f)
	c.Traits = Config(can).Traits()
	if f.Upscaler != nil {
		c.Upscaler = &f.Upscaler.Ref
	}
	if f.FromCheckpoint() {
		c.Prediction, c.ZeroSNR = picture.Prediction(can.Prediction), can.ZeroSNR
	}
	if f.CardDecides {
		c.Schedule = new(render.ScheduleOf(Config(can).Sampler))
	}
	if f.VAE != nil {
		c.VAE = &f.VAE.Ref
	}
	c.Guess = guess(f, c.Defaults)
	return c
}

// guess says what is concluded from a checkpoint's name, and what follows from it; "" where its card says it.
func guess(f *folder.Model, d folder.Defaults) string {
	if len(f.Guess.Traits) == 0 {
		return ""
	}
	own, traits := f.Card.Defaults, phrase.And(f.Guess.Traits)
	if f.Config.Distillation == nil || own.Steps > 0 && own.GuidanceScale > 0 {
		return phrase.Of("“%s” is taken for a model %s: this is a guess by its name.", f.Name, traits).String()
	}
	return phrase.Of("“%s” is taken for a model %s: this is a guess by its name. "+
		"Its defaults are %d steps and guidance %g.", f.Name, traits, d.Steps, d.GuidanceScale).String()
}

// FewStepCard is the card with the settings for few steps as its defaults, and false where the model names none.
func FewStepCard(f *folder.Model) (request.Card, bool) {
	c := Card(f)
	quick, ok := FewStepDefaults(f)
	c.Defaults = quick
	return c, ok
}

// Sizes lists the only sizes that a model renders; none for any.
func Sizes(f *folder.Model) []request.Size {
	if f.Config.FixedSize != (folder.Size{}) {
		return []request.Size{f.Config.FixedSize}
	}
	return slices.Clone(f.Card.Sizes)
}

// skippableLayers is how many last layers can be skipped; nil where the model's dialect follows no clip skip.
func skippableLayers(f *folder.Model) *int {
	if !f.Config.FollowsClipSkip(Dialect(f)) {
		return nil
	}
	return &f.Config.SkippableLayers
}
