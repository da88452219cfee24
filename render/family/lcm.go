package family

import (
	"math"
	"strings"

	"darkroom/render/tensor"
)

const consistencyName = "distilled (LCM or TCD)"

// LCM is a latent consistency model (Luo et al., 2023) whose UNet takes the guidance scale as an embedding. The
// settings are those of diffusers' LatentConsistencyModelPipeline.
var LCM = &Distillation{
	Name: consistencyName, Consistency: true, Defaults: Defaults{Steps: 4, GuidanceScale: 8, Sampler: "lcm"},
}

// LCMInWeights is a model whose weights an LCM LoRA was merged into. Guidance does not help it.
var LCMInWeights = &Distillation{
	Name: consistencyName, Consistency: true, Defaults: Defaults{Steps: 4, GuidanceScale: 1, Sampler: "lcm"},
}

func isLCM(c Clues) bool { return strings.HasPrefix(c.Scheduler, "LCM") }

// LCMPipeline says that a pipeline's class is diffusers' own for latent consistency models. It takes the scheduler's
// configuration as it is, and its img2img takes all of its steps, whatever the strength.
func LCMPipeline(class string) bool { return strings.Contains(class, "LatentConsistency") }

// GuidanceEmbedding writes a guidance scale as an LCM reads it (Luo et al., 2023, after Vaswani et al., 2017): with w =
// scale − 1, sines and then cosines of 1000·w·10000^(−i/(d/2−1)). Each operation is rounded to float32, as diffusers'
// get_guidance_scale_embedding does it. The result has the shape [1, width].
func GuidanceEmbedding(scale float64, width int) tensor.Tensor {
	out := tensor.New(1, width)
	half := width / 2
	w := float32(scale-1) * 1000
	fall := float32(math.Log(10000)) / float32(half-1)
	for i := range half {
		at := float64(w * float32(math.Exp(float64(float32(i)*-fall))))
		out.Data[i], out.Data[half+i] = float32(math.Sin(at)), float32(math.Cos(at))
	}
	return out
}
