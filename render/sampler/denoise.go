package sampler

import (
	"context"
	"fmt"
	"math"

	"darkroom/render/tensor"
)

// Predict is the model: its raw output for a latent of unit variance at a training time.
type Predict func(ctx context.Context, x tensor.Tensor, time float64) (tensor.Tensor, error)

// Denoiser returns the denoiser that a model makes, by what its output means:
//
//	epsilon   D = x − σ·ε
//	velocity  D = x/(σ²+1) − v·σ/√(σ²+1)
//	sample    D = the output
//
// The model sees x/√(σ²+1).
func (c Config) Denoiser(predict Predict) Denoise {
	return func(ctx context.Context, x tensor.Tensor, s Step) (tensor.Tensor, error) {
		norm := math.Hypot(s.Sigma, 1)
		out, err := predict(ctx, tensor.Scale(x, float32(1/norm)), s.Timestep)
		if err != nil {
			return tensor.Tensor{}, err
		}
		if !tensor.SameShape(out, x) {
			return tensor.Tensor{}, fmt.Errorf("the model returns shape %v for a latent of %v", out.Shape, x.Shape)
		}
		switch c.Prediction {
		case Velocity:
			return tensor.Sum(float32(1/(norm*norm)), x, float32(-s.Sigma/norm), out), nil
		case Sample:
			return out, nil
		}
		return tensor.Sum(1, x, float32(-s.Sigma), out), nil
	}
}
