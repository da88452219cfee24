package folder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// readVAE reads the scale of the latents. Old exports have no such file; they all have Stable Diffusion's own VAE.
func (f *Model) readVAE() error {
	c := &f.Config
	path := filepath.Join(f.Dir, "vae_decoder", "config.json")
	v := struct {
		ScalingFactor *float64  `json:"scaling_factor"`
		ShiftFactor   *float64  `json:"shift_factor"`
		Mean          []float64 `json:"latents_mean"`
		Channels      int       `json:"latent_channels"`
		Blocks        []int     `json:"block_out_channels"`
	}{Channels: c.Family.Latents.Channels}
	if err := readJSON(path, &v); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	latents := c.Family.Latents
	c.LatentChannels, c.PixelsPerLatent, c.ScalingFactor = v.Channels, latents.PixelsPerLatent, latents.ScalingFactor
	if v.ScalingFactor != nil {
		c.ScalingFactor = *v.ScalingFactor
	}
	if n := len(v.Blocks); n > 0 {
		c.PixelsPerLatent = 1 << min(n-1, 16) // each block but the last halves the image
	}
	switch {
	case v.Mean != nil || v.ShiftFactor != nil && *v.ShiftFactor != 0:
		return fmt.Errorf(
			"%s: latents_mean and shift_factor are not supported, want latents with a scaling_factor only", path,
		)
	case !(c.ScalingFactor > 0):
		return fmt.Errorf("%s: scaling_factor %v, want a positive number", path, c.ScalingFactor)
	case c.LatentChannels != latents.Channels || c.PixelsPerLatent != latents.PixelsPerLatent:
		return fmt.Errorf("%s: latents of %d channels for %d pixels, want %d channels for %d pixels",
			path, c.LatentChannels, c.PixelsPerLatent, latents.Channels, latents.PixelsPerLatent)
	}
	return nil
}
