package similarity

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"

	"darkroom/render/tensor"
)

// Encoder is a CLIP whose networks are loaded. Its methods may be called concurrently where the networks' may.
type Encoder struct {
	Model *Model // with its hash
	Image imageNetwork
	Text  textNetwork
}

type imageNetwork interface {
	// Run returns image_embeds [n, width] for pixels [n, 3, side, side].
	Run(ctx context.Context, pixels tensor.Tensor) ([]tensor.Tensor, error)
}

type textNetwork interface {
	// RunIDs returns text_embeds [n, width] for rows of token ids.
	RunIDs(ctx context.Context, ids [][]int32) ([]tensor.Tensor, error)
}

var errNoHash = errors.New("the CLIP was not hashed")

// ImageVector returns the vector of an image of any size. A transparent one is seen on white.
func (e *Encoder) ImageVector(ctx context.Context, img image.Image) (Vector, error) {
	pixels, err := e.Model.Preprocessor.Pixels(img)
	if err != nil {
		return Vector{}, fmt.Errorf("image vector: %w", err)
	}
	outputs, err := e.Image.Run(ctx, pixels)
	return e.vector("image vector", outputs, err)
}

// TextVector returns the vector of a text. Of a long text the beginning counts, as many tokens as the CLIP reads.
func (e *Encoder) TextVector(ctx context.Context, text string) (Vector, error) {
	outputs, err := e.Text.RunIDs(ctx, [][]int32{e.Model.tokens(text)})
	return e.vector("text vector", outputs, err)
}

func (e *Encoder) vector(step string, outputs []tensor.Tensor, err error) (Vector, error) {
	switch {
	case err != nil:
	case e.Model.Hash == "":
		err = errNoHash
	case len(outputs) != 1:
		err = fmt.Errorf("%d outputs, want 1", len(outputs))
	default:
		var v Vector
		if v, err = newVector(e.Model.Hash, outputs[0], e.Model.Width); err == nil {
			return v, nil
		}
	}
	return Vector{}, fmt.Errorf("%s: %w", step, err)
}

// Shares turns the cosines between one image and some texts into what CLIP makes of them: how likely each is the
// image's among these, in sum 1. It is the softmax of the cosines times the scale that the CLIP was trained with.
func (m *Model) Shares(cosines []float64) []float64 {
	if len(cosines) == 0 {
		return nil
	}
	shares, most, sum := make([]float64, len(cosines)), math.Inf(-1), 0.0
	for _, c := range cosines {
		most = max(most, c)
	}
	for i, c := range cosines {
		shares[i] = math.Exp(m.Scale * (c - most))
		sum += shares[i]
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares
}
