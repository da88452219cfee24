package pipeline

import (
	"cmp"
	"strings"

	"darkroom/render/folder"
	"darkroom/render/picture"
	"darkroom/render/sampler"
)

// Defaults are the settings that suit a model: those of its card, else the sampler of its own scheduler, else those of
// its kind. Zero fields leave the choice to the program.
func Defaults(f *folder.Model) folder.Defaults {
	card, own := f.Card.Defaults, f.Config.Kind.Defaults()
	scheduler, _ := ownSampler(f)
	return folder.Defaults{
		Size:          cmp.Or(f.Config.FixedSize, card.Size, f.Config.NativeSize),
		Steps:         cmp.Or(card.Steps, f.Guess.Steps, own.Steps),
		GuidanceScale: cmp.Or(card.GuidanceScale, own.GuidanceScale),
		Sampler:       cmp.Or(card.Sampler, scheduler, own.Sampler),
		Negative:      card.Negative,
		Strength:      cmp.Or(card.Strength, own.Strength),
	}
}

// FewStepDefaults are the settings of a quick image, and false where a model's card has none.
func FewStepDefaults(f *folder.Model) (folder.Defaults, bool) {
	quick, usual := f.Card.FewSteps, Defaults(f)
	return folder.Defaults{
		Size:          cmp.Or(f.Config.FixedSize, quick.Size, usual.Size),
		Steps:         cmp.Or(quick.Steps, usual.Steps),
		GuidanceScale: cmp.Or(quick.GuidanceScale, usual.GuidanceScale),
		Sampler:       cmp.Or(quick.Sampler, usual.Sampler),
		Negative:      cmp.Or(quick.Negative, usual.Negative),
		Strength:      cmp.Or(quick.Strength, usual.Strength),
	}, quick != folder.Defaults{}
}

// Samplers lists the samplers that suit a model.
func Samplers(f *folder.Model) []string {
	return sampler.NamesFor(Dialect(f), sampler.Prediction(f.Config.Prediction), f.Config.Consistency())
}

// Dialect is a model's default dialect: its card's, or diffusers.
func Dialect(f *folder.Model) picture.Dialect {
	return cmp.Or(f.Card.Dialect, picture.Diffusers)
}

// Describe says in a few words what a model is: "SDXL, float16, v-prediction, inpainting".
func Describe(c folder.Config) string {
	name, departures := c.Kind.Describe()
	words := []string{name, "float32"}
	if c.Float16 {
		words[1] = "float16"
	}
	if c.Weights != "" {
		words[1] = c.Weights
	}
	add := func(ok bool, word string) {
		if ok {
			words = append(words, word)
		}
	}
	add(c.Prediction == string(sampler.Velocity), "v-prediction")
	add(c.ZeroSNR, "zero terminal SNR")
	return strings.Join(append(words, departures...), ", ")
}
