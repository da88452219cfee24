package sampler

import (
	"context"
	"errors"
	"fmt"
	"math"

	"darkroom/render/tensor"
)

// The tolerances of k-diffusion's sample_dpm_adaptive, and the start of its controller.
const (
	relativeTolerance = 0.05
	absoluteTolerance = 0.0078
	initialH          = 0.05
	acceptance        = 0.81 // a step is taken if the next one would not be shorter than this

	maxAttempts = 300 // far more than any image needs, at three calls each; k-diffusion has no limit
)

// ErrNoStepFits says that a sampler that chooses its steps found none that is short enough. The same run would fail
// again.
var ErrNoStepFits = errors.New("no step fits")

// adaptiveCallEstimate is about how many calls a whole run takes, however many steps were requested: 42 to 54 at a
// guidance scale of 1 or 3 and 78 to 90 at 7.5, measured on the demo model.
const adaptiveCallEstimate = 70

// dpmAdaptive is k-diffusion's sample_dpm_adaptive of order 3: DPM-Solver's third order beside its second, whose
// difference decides how long the steps are and whether one is accepted. The number of calls depends on the image, so
// the steps of a Plan only mark where progress is reported.
func dpmAdaptive(r run) stepper {
	a := &adaptive{run: r, eta: r.eta(1), at: r.plan.maxSigma(), floor: r.plan.minSigma(), h: initialH, order: 3}
	if a.eta > 0 {
		a.order = 1.5
	}
	return a.step
}

type adaptive struct {
	run
	eta, at, floor float64
	h              float64 // the next step in λ
	order          float64 // as the controller counts it
	attempts       int
	low            tensor.Tensor
	denoised       tensor.Tensor
}

// step runs until the end of a step of the plan is reached or passed. Attempts that do not get there are reported, too.
func (a *adaptive) step(ctx context.Context, s Step, x tensor.Tensor) (tensor.Tensor, tensor.Tensor, error) {
	if a.low.Empty() {
		a.low, a.denoised = x, x // a plan without length has nothing else
	}
	more := func() bool {
		return math.Log(a.at/s.NextSigma) > 1e-5 || s.NextSigma == a.floor && math.Log(a.at/a.floor) > 1e-5
	}
	for more() {
		if err := context.Cause(ctx); err != nil {
			return x, a.denoised, err
		}
		next, taken, err := a.attempt(ctx, x)
		if err != nil {
			return x, a.denoised, err
		}
		if taken {
			x = next
		}
		if more() && a.OnAttempt != nil {
			a.OnAttempt(a.denoised)
		}
	}
	return x, a.denoised, nil
}

// attempt tries one step, and says whether its error was small enough.
func (a *adaptive) attempt(ctx context.Context, x tensor.Tensor) (tensor.Tensor, bool, error) {
	to := max(a.at*math.Exp(-a.h), a.floor)
	down, up := ancestralAbove(a.floor, a.at, to, a.eta)
	solver := newSinglestep(a.run, x, a.at, down)
	low, err := solver.second(ctx, 1.0/3)
	if err != nil {
		return x, false, err
	}
	high, err := solver.thirdOrder(ctx)
	if err != nil {
		return x, false, err
	}
	a.denoised = solver.denoised
	errorSize := errorNorm(low, high, a.low)
	if math.IsNaN(errorSize) { // the result is NaN, and decoding reports it
		a.at = a.floor
		return high, true, nil
	}
	if a.attempts++; a.attempts > maxAttempts {
		return x, false, fmt.Errorf("at σ %.4g: %w after %d attempts", a.at, ErrNoStepFits, maxAttempts)
	}
	if !a.accept(errorSize) {
		return x, false, nil
	}
	if a.eta > 0 {
		high = tensor.Sum(1, high, float32(up), a.Noise())
	}
	a.low, a.at = low, to
	return high, true, nil
}

// accept sets the next step's length by the error of this one, and says whether this one is accepted.
func (a *adaptive) accept(miss float64) bool {
	factor := 1 + math.Atan(math.Pow(1/(miss+1e-8), 1/a.order)-1)
	a.h *= factor
	return factor >= acceptance
}

// errorNorm is the difference of both orders in units of the tolerance: the root of the mean square.
func errorNorm(low, high, before tensor.Tensor) float64 {
	var sum float64
	for i, v := range low.Data {
		size := max(math.Abs(float64(v)), math.Abs(float64(before.Data[i])))
		d := float64(v-high.Data[i]) / max(absoluteTolerance, relativeTolerance*size)
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(low.Data)))
}

// adaptiveMarks is how many progress marks a whole run has: enough that nearly every accepted step passes one, whatever
// number of steps was requested, so that a slow run does not look stuck.
const adaptiveMarks = 60

func dpmAdaptivePlan(c Config, steps, skip int) Plan {
	t := a1111Table(c)
	high, low, _ := logRange(t, steps, skip)
	return logSteps(t, high, low, adaptiveMarks)
}
