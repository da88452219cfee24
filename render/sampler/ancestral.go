package sampler

import (
	"math"

	"darkroom/render/tensor"
)

// ancestral splits the step from one sigma to a lower one (k-diffusion, get_ancestral_step): the sigma where the
// deterministic part ends, and the deviation of the noise that is added afterwards.
//
//	σ_up² = η²·σ'²(σ²−σ'²)/σ²,  σ_down² = σ'²−σ_up²
//
// In float32, as in torch: from a very high sigma, with which zero terminal SNR begins, both squares are the same
// except for their last digits, and σ_down is their difference, or zero.
func ancestral(from, to, eta float64) (down, up float64) {
	if eta == 0 || to >= from {
		return to, 0
	}
	high, low := toFloat32(from*from), toFloat32(to*to)
	up = min(to, toFloat32(eta*toFloat32(math.Sqrt(toFloat32(toFloat32(low*toFloat32(high-low))/high)))))
	return toFloat32(math.Sqrt(max(toFloat32(low-toFloat32(up*up)), 0))), up
}

// ancestralStep is an Euler step to a lower sigma, and fresh noise. At the end none is drawn: nothing uses the
// generator after the last step.
func ancestralStep(r run, s Step, x, denoised tensor.Tensor, eta float64) tensor.Tensor {
	down, up := ancestral(s.Sigma, s.NextSigma, eta)
	x = towards(down/s.Sigma, x, denoised)
	if s.NextSigma == 0 {
		return x
	}
	return tensor.Sum(1, x, float32(up), r.Noise())
}
