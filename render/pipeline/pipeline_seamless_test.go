//go:build cgo

package pipeline_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"darkroom/render/golden/goldentest"
	"darkroom/render/noise"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
	"darkroom/render/tensor"
)

// TestSeamlessFamilies rolls what the wrapping networks of every family are shown, in both precisions as Optimum
// exports them: what they answer must roll with it.
func TestSeamlessFamilies(t *testing.T) {
	t.Parallel()
	for _, name := range goldentest.Names(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := pipelinetest.Load(t, goldentest.Model(t, name))
			pair, err := e.Model.Seamless(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			least := 2e-4
			if e.Folder.Config.Float16 {
				least = 2e-2
			}
			c := e.Folder.Config
			channels := c.LatentChannels
			if c.Extra != nil {
				channels += c.Extra.Channels
			}
			conditioning := tensor.Conditioning{Hidden: noise.Draw(noise.NewTorch(2), 1, c.TextLength, c.TextWidth)}
			if c.PooledWidth > 0 {
				conditioning.Pooled = noise.Draw(noise.NewTorch(3), 1, c.PooledWidth)
				conditioning.TimeIDs = tensor.Tensor{Shape: []int{1, 6}, Data: []float32{64, 64, 0, 0, 64, 64}}
			}
			if c.GuidanceWidth > 0 {
				conditioning.Guidance = noise.Draw(noise.NewTorch(4), 1, c.GuidanceWidth)
			}
			checkRolls(
				t,
				"UNet",
				noise.Draw(noise.NewTorch(1), 1, channels, 12, 8),
				1,
				least,
				func(x tensor.Tensor) (tensor.Tensor, error) {
					return pair.Unet(t.Context(), x, 500, conditioning)
				},
			)
			checkRolls(
				t,
				"decoder",
				noise.Draw(noise.NewTorch(5), 1, c.LatentChannels, 6, 5),
				c.PixelsPerLatent,
				least,
				func(x tensor.Tensor) (tensor.Tensor, error) {
					return pair.DecodeLatents(t.Context(), x)
				},
			)
		})
	}
}

// checkRolls checks that a network answers a rolled map with the rolled answer, to within a share of its largest value.
func checkRolls(
	t *testing.T, what string, x tensor.Tensor, scale int, least float64, run func(tensor.Tensor) (tensor.Tensor, error),
) {
	t.Helper()
	const down, right = 2, 4
	plain, err := run(x)
	if err != nil {
		t.Fatal(err)
	}
	rolled, err := run(roll(x, down, right))
	if err != nil {
		t.Fatal(err)
	}
	off, size := 0.0, 0.0
	for i, v := range roll(plain, down*scale, right*scale).Data {
		off, size = max(off, float64(v-rolled.Data[i]), float64(rolled.Data[i]-v)), max(size, float64(v))
	}
	if off > least*size || size == 0 {
		t.Errorf("%s: %s off by %.2g of values up to %.2g", what, fmt.Sprint(plain.Shape), off, size)
	}
}

// roll moves a map down and to the right; what leaves it comes in at the other side.
func roll(t tensor.Tensor, down, right int) tensor.Tensor {
	out := t.Like()
	h, w := t.Shape[2], t.Shape[3]
	for i := range out.Data {
		plane, y, x := i/(h*w), i/w%h, i%w
		out.Data[plane*h*w+(y+down)%h*w+(x+right)%w] = t.Data[i]
	}
	return out
}

// TestSeamlessWithoutAnEncoder returns no encoder where the folder has none.
func TestSeamlessWithoutAnEncoder(t *testing.T) {
	t.Parallel()
	for _, has := range []bool{true, false} {
		dir := goldentest.Model(t, goldentest.SD1)
		if !has {
			if err := os.RemoveAll(filepath.Join(dir, "vae_encoder")); err != nil {
				t.Fatal(err)
			}
		}
		parts, err := pipeline.Parts(pipelinetest.Load(t, dir).Model)
		if err != nil {
			t.Fatal(err)
		}
		networks, err := parts.Seamless(t.Context())
		if err != nil || (networks.Encoder != nil) != has || (parts.Encoder != nil) != has {
			t.Errorf("with an encoder %v: got %v, %v and %v", has, parts.Encoder, networks.Encoder, err)
		}
	}
}
