package pipeline

import (
	"cmp"
	"strings"

	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/sampler"
)

// Defaults are the settings that suit a model: those of its card, and where that says nothing those of its kind. Zero
// fields leave the choice to the program.
func Defaults(f *onnx.Folder) onnx.Defaults {
	card, own := f.Card.Defaults, inferredDefaults(f.Config)
	return onnx.Defaults{
		Size:          cmp.Or(f.Config.FixedSize, card.Size, f.Config.NativeSize),
		Steps:         cmp.Or(card.Steps, own.Steps),
		GuidanceScale: cmp.Or(card.GuidanceScale, own.GuidanceScale),
		Sampler:       cmp.Or(card.Sampler, own.Sampler),
		Negative:      card.Negative,
	}
}

// Quick are the settings for who is in a hurry, and false where a model's card has none.
func FewStepDefaults(f *onnx.Folder) (onnx.Defaults, bool) {
	quick, usual := f.Card.FewSteps, Defaults(f)
	return onnx.Defaults{
		Size:          cmp.Or(f.Config.FixedSize, quick.Size, usual.Size),
		Steps:         cmp.Or(quick.Steps, usual.Steps),
		GuidanceScale: cmp.Or(quick.GuidanceScale, usual.GuidanceScale),
		Sampler:       cmp.Or(quick.Sampler, usual.Sampler),
		Negative:      cmp.Or(quick.Negative, usual.Negative),
	}, quick != onnx.Defaults{}
}

// kind knows what a model is for by its folder alone. Turbo and Lightning, which paint in a few steps and lose by
// guidance, say so nowhere; but they are published with Euler's scheduler and trailing steps, and others are not.
func inferredDefaults(c onnx.Config) onnx.Defaults {
	switch {
	case c.Distilled && c.GuidanceWidth > 0:
		return onnx.Defaults{Steps: 4, GuidanceScale: 8, Sampler: "lcm"} // as diffusers' pipeline of latent consistency models
	case c.Distilled && strings.HasPrefix(c.Scheduler, "TCD"):
		return onnx.Defaults{Steps: 4, GuidanceScale: 1, Sampler: "tcd"}
	case c.Distilled:
		return onnx.Defaults{Steps: 4, GuidanceScale: 1, Sampler: "lcm"}
	case FewStepModel(c) && strings.Contains(c.Scheduler, "Ancestral"):
		return onnx.Defaults{Steps: 4, GuidanceScale: 1, Sampler: "euler_a"}
	case FewStepModel(c):
		return onnx.Defaults{Steps: 4, GuidanceScale: 1, Sampler: "euler"}
	case c.Family == onnx.SDXL:
		return onnx.Defaults{GuidanceScale: 5} // as diffusers' pipeline
	}
	return onnx.Defaults{}
}

// FewStepModel tells whether a folder looks like a Turbo or Lightning model.
func FewStepModel(c onnx.Config) bool {
	return strings.HasPrefix(c.Scheduler, "Euler") && c.TimestepSpacing == sampler.Trailing && c.Prediction == string(sampler.Epsilon) && !c.RescaleZeroSNR
}

// Samplers lists what a model is offered with.
func Samplers(f *onnx.Folder) []string {
	return sampler.NamesFor(sampler.Dialect(Dialect(f)), sampler.Prediction(f.Config.Prediction), f.Config.Distilled)
}

// Dialect is the one that a model is painted in where nobody asks for another: its card's, or diffusers'.
func Dialect(f *onnx.Folder) picture.Dialect {
	return cmp.Or(picture.Dialect(f.Card.Dialect), picture.Diffusers)
}

// Describe says in a few words what a model is: "SDXL, float16, v-prediction, inpainting".
func Describe(c onnx.Config) string {
	words := []string{c.Family, "float32"}
	if c.Float16 {
		words[1] = "float16"
	}
	add := func(ok bool, word string) {
		if ok {
			words = append(words, word)
		}
	}
	add(c.Prediction == string(sampler.Velocity), "v-prediction")
	add(c.RescaleZeroSNR, "zero terminal SNR")
	add(c.Distilled, "distilled (LCM or TCD)")
	add(FewStepModel(c), "few steps (Turbo or Lightning)")
	add(c.Inpaint, "inpainting")
	return strings.Join(words, ", ")
}
