package sampler

import (
	"math"

	"darkroom/render/tensor"
)

// lcm samples a consistency model (Luo et al., 2023, "Latent Consistency Models", algorithm 3): each step jumps to the
// end and adds fresh noise. With s = 10·t and σ_data = 1/2:
//
//	E = s/√(s²+¼)·D + ¼/(s²+¼)·z,  x' = E + σ'·noise
func lcm(r run) stepper {
	return oneCallStepper(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		skip, out := boundary(s.Timestep)
		end := tensor.Sum(float32(out), denoised, float32(skip/math.Hypot(s.Sigma, 1)), x)
		if s.NextSigma == 0 {
			return end
		}
		return tensor.Sum(1, end, float32(s.NextSigma), r.Noise())
	})
}

// boundary gives the shares of the input and of the estimate that make a consistency function.
func boundary(time float64) (skip, out float64) {
	scaled := time * 10
	return 0.25 / (scaled*scaled + 0.25), scaled / math.Sqrt(scaled*scaled+0.25)
}

// lcmA1111 is A1111's sampler LCM. It takes the share of the input in the variance-exploding form: x for z.
func lcmA1111(r run) stepper {
	return oneCallStepper(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		skip, out := boundary(s.Timestep)
		end := tensor.Sum(float32(out), denoised, float32(skip), x)
		if s.NextSigma == 0 {
			return end
		}
		return tensor.Sum(1, end, float32(s.NextSigma), r.Noise())
	})
}
