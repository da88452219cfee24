package family

import (
	"strings"

	"darkroom/render/sampler"
)

const fewStepsName = "few steps (Turbo or Lightning)"

// Turbo is a model like SDXL Turbo. Guidance only does harm to it.
var Turbo = &Distillation{Name: fewStepsName, Defaults: Defaults{Steps: 4, GuidanceScale: 1, Sampler: "euler_a"}}

// Lightning is a model like SDXL Lightning. Guidance only does harm to it.
var Lightning = &Distillation{Name: fewStepsName, Defaults: Defaults{Steps: 4, GuidanceScale: 1, Sampler: "euler"}}

// isFewSteps recognises Turbo and Lightning. Their folders do not name them, but they are published with Euler's
// scheduler and trailing steps, and others are not.
func isFewSteps(c Clues) bool {
	return strings.HasPrefix(c.Scheduler, "Euler") && c.Spacing == sampler.Trailing &&
		c.Prediction == string(sampler.Epsilon) &&
		!c.ZeroSNR
}

// isAncestral tells Turbo from Lightning.
func isAncestral(c Clues) bool { return strings.Contains(c.Scheduler, "Ancestral") }
