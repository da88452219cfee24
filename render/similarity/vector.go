package similarity

import (
	"errors"
	"fmt"
	"math"

	"darkroom/render/tensor"
)

// Vector is what a CLIP makes of an image or of a text: of length 1, with the hash of the CLIP.
type Vector struct {
	CLIP   string    `json:"clip"`
	Values []float32 `json:"values"`
}

// ErrOtherCLIP says that two vectors are of different CLIPs.
var ErrOtherCLIP = errors.New("vectors of different CLIPs cannot be compared")

// Cosine is the cosine of the angle between two vectors of one CLIP, from −1 to 1. Others are ErrOtherCLIP.
func Cosine(a, b Vector) (float64, error) {
	if a.CLIP == "" || a.CLIP != b.CLIP || len(a.Values) != len(b.Values) {
		return 0, ErrOtherCLIP
	}
	var sum float64
	for i, x := range a.Values {
		sum += float64(x) * float64(b.Values[i])
	}
	return max(-1, min(sum, 1)), nil
}

// newVector is the vector of a network's output [1, width], scaled to length 1.
func newVector(clip string, t tensor.Tensor, width int) (Vector, error) {
	if err := t.Check(); err != nil || len(t.Data) != width {
		return Vector{}, fmt.Errorf("an output of shape %v, want [1,%d]", t.Shape, width)
	}
	var square float64
	for _, x := range t.Data {
		square += float64(x) * float64(x)
	}
	length := math.Sqrt(square)
	if !(length > 0) || math.IsInf(length, 1) {
		return Vector{}, errors.New("an output without a direction: the weights are broken")
	}
	out := Vector{CLIP: clip, Values: make([]float32, width)}
	for i, x := range t.Data {
		out.Values[i] = float32(float64(x) / length)
	}
	return out, nil
}
