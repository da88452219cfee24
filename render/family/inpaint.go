package family

import (
	"strings"

	"darkroom/render/tensor"
)

// ExtraInput is what a UNet reads in further channels, after those of the latents. The values are constants.
type ExtraInput struct {
	Name     string // for people
	Channels int
	// Join makes the channels of a mask [1, 1, h, w], 1 where the model generates, and latents of the masked image
	// [n, c, h, w].
	Join func(mask, latents tensor.Tensor) tensor.Tensor
}

// Inpaint is the input of inpainting models, whose UNet has nine channels: after the latents the mask and the latents
// of the masked image.
var Inpaint = &ExtraInput{Name: "inpainting", Channels: 1 + 4, Join: joinMask}

// InpaintPipeline says that a pipeline's class is for inpainting models. The class for other models, which inpaints
// with a mask alone, is called legacy.
func InpaintPipeline(class string) bool {
	return strings.Contains(class, "Inpaint") && !strings.Contains(class, "Legacy")
}

// FindExtraInput returns the input of a UNet that reads so many channels after those of the latents, nil for none.
func FindExtraInput(channels int) *ExtraInput {
	if channels == Inpaint.Channels {
		return Inpaint
	}
	return nil
}

func joinMask(mask, latents tensor.Tensor) tensor.Tensor {
	s := latents.Shape
	out := tensor.New(s[0], 1+s[1], s[2], s[3])
	for i := range s[0] {
		row := out.Row(i).Data
		copy(row[copy(row, mask.Data):], latents.Row(i).Data)
	}
	return out
}
