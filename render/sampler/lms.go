package sampler

import "darkroom/render/tensor"

// lmsOrder is how many directions lms keeps.
const lmsOrder = 4

// lms is the linear multistep method of k-diffusion's sample_lms: the direction d = (x−D)/σ is a polynomial through
// the last four steps, integrated over the next one.
//
//	x' = x + Σ c_j·d_j,  c_j = ∫ Π_{k≠j} (τ−σ_k)/(σ_j−σ_k) dτ from σ to σ'
func lms(r run) stepper {
	return multistep(r, nil)
}

// lmsDiffusers also fits the polynomial through the steps that img2img left out, as diffusers does, although the model
// was not called there: those terms are dropped.
func lmsDiffusers(r run) stepper {
	return multistep(r, r.plan.skippedSigmas)
}

func multistep(r run, before []float64) stepper {
	var slopes []tensor.Tensor // the newest first
	levels := make([]float64, 0, lmsOrder)
	for _, sigma := range before {
		levels = append([]float64{sigma}, levels...)
	}
	return oneCallStepper(r, func(s Step, x, denoised tensor.Tensor) tensor.Tensor {
		levels = append([]float64{s.Sigma}, levels...)
		levels = levels[:min(len(levels), lmsOrder)]
		slopes = append([]tensor.Tensor{slope(s.Sigma, x, denoised)}, slopes...)
		slopes = slopes[:min(len(slopes), lmsOrder)]
		for j, d := range slopes {
			x = tensor.Sum(1, x, float32(lagrange(levels, j, s.Sigma, s.NextSigma)), d)
		}
		return x
	})
}

// lagrange integrates the j-th Lagrange polynomial over the levels from one level to another. The Gauss–Legendre rule
// of four points is exact for polynomials to the seventh degree, and these are of the third.
func lagrange(levels []float64, j int, from, to float64) float64 {
	nodes := [...][2]float64{{0.3399810435848563, 0.6521451548625461}, {0.8611363115940526, 0.3478548451374538}}
	middle, half := (from+to)/2, (to-from)/2
	sum := 0.0
	for _, node := range nodes {
		for _, side := range []float64{-1, 1} {
			tau, product := middle+side*node[0]*half, 1.0
			for k, sigma := range levels {
				if k != j {
					product *= (tau - sigma) / (levels[j] - sigma)
				}
			}
			sum += node[1] * product
		}
	}
	return sum * half
}
