package render

import (
	"math"

	"darkroom/render/tensor"
)

// rescale takes back the contrast that guidance adds: Lin et al. (2023), "Common Diffusion Noise Schedules and Sample
// Steps Are Flawed", section 3.4, as diffusers' rescale_noise_cfg has it. For each picture of the batch
//
//	out = φ·guided·std(positive)/std(guided) + (1−φ)·guided
//
// where positive is what the model predicts with the (first) prompt alone.
func rescale(guided, positive tensor.Tensor, share float64) tensor.Tensor {
	out := guided.Like()
	for i := range guided.Batch() {
		from, to := guided.Row(i).Data, out.Row(i).Data
		gain := float32(share*deviation(positive.Row(i).Data)/deviation(from) + 1 - share)
		for k, v := range from {
			to[k] = gain * v
		}
	}
	return out
}

// deviation is the standard deviation of a sample, as torch's std takes it: over n − 1.
func deviation(values []float32) float64 {
	var mean, squares float64
	for _, v := range values {
		mean += float64(v) / float64(len(values))
	}
	for _, v := range values {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	return math.Sqrt(squares / float64(len(values)-1))
}
