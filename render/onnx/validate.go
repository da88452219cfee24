package onnx

import (
	"fmt"
	"slices"

	"darkroom/render/onnx/graph"
)

// validateGraphs finds every port, sees that the networks fit each other and the configuration, and fills in the limits
// that the exports set.
func (f *Folder) validateGraphs() error {
	if err := f.findPorts(); err != nil {
		return err
	}
	for _, check := range []func() error{f.validateFamily, f.validateText, f.validateChannels, f.validateSizes} {
		if err := check(); err != nil {
			return err
		}
	}
	c, p := &f.Config, f.ports
	c.Float16 = p.sample.Type == graph.Float16
	c.FractionalTimesteps = !slices.Contains(integerTypes, p.timestep.Type)
	c.SkippableLayers = maxSkips
	for _, t := range p.textEncoders {
		c.SkippableLayers = min(c.SkippableLayers, len(t.layers)-1)
	}
	return nil
}

// openCLIPWidth is how wide a token is for Stable Diffusion 2; for Stable Diffusion 1 it is 768.
const openCLIPWidth = 1024

// validateText sees that the text encoders give what the UNet reads.
func (f *Folder) validateText() error {
	c, p := &f.Config, f.ports
	width, known := 0, true
	for i, t := range p.textEncoders {
		w, configured := t.layers[0].Dims[2], f.textEncoders[i].width
		if w != 0 && configured != 0 && w != configured {
			return fmt.Errorf("%s: %v: want %d in dimension 3, as its config.json has it", f.path(t.part), t.layers[0], configured)
		}
		w = max(w, configured)
		known = known && w > 0
		f.textEncoders[i].width = w
		width += w
	}
	read := max(p.context.Dims[2], c.TextWidth) // by the UNet
	switch {
	case p.context.Dims[2] != 0 && c.TextWidth != 0 && p.context.Dims[2] != c.TextWidth:
		return fmt.Errorf("%s: %v: want %d in dimension 3, as its config.json has it", f.path(unetPart), p.context, c.TextWidth)
	case known && read != 0 && width != read:
		return fmt.Errorf("%s: %v: it reads %d numbers for a token and the text encoder gives %d; these parts are of different models, want %d",
			f.path(unetPart), p.context, read, width, width)
	case !known && len(p.textEncoders) == 1 && read != 0:
		f.textEncoders[0].width, width = read, read
	case !known:
		return fmt.Errorf("%s: the width of a token is not told; want hidden_size in text_encoder/config.json", f.Dir)
	}
	c.TextWidth = width
	if c.Family == SD1 && width == openCLIPWidth {
		c.Family = SD2
	}
	if n := p.context.Dims[1]; n != 0 {
		if n%c.TextLength != 0 {
			return fmt.Errorf("%s: %v: want a multiple of %d in dimension 2", f.path(unetPart), p.context, c.TextLength)
		}
		c.MaxChunks = n / c.TextLength
	}
	return nil
}

// timeIDs is how many numbers tell SDXL the sizes of its picture.
const timeIDs = 6

// validateFamily sees that the UNet is led by what its family leads it by.
func (f *Folder) validateFamily() error {
	c, p := &f.Config, f.ports
	xl := p.pooled.Name != "" || p.timeIDs.Name != ""
	unet := f.path(unetPart)
	switch {
	case xl && c.Family != SDXL:
		return fmt.Errorf("%s: an SDXL UNet, it reads text_embeds and time_ids; want %s and %s beside it, as SDXL has", unet, secondPart, SecondTokenizer)
	case c.Family == SDXL && (p.pooled.Name == "" || p.timeIDs.Name == ""):
		return fmt.Errorf("%s: no inputs text_embeds and time_ids, it has %v; want SDXL's UNet beside two text encoders", unet, f.graphs[unetPart].Inputs)
	case xl && p.timeIDs.Dims[1] != 0 && p.timeIDs.Dims[1] != timeIDs:
		return fmt.Errorf("%s: %v: want %d in dimension 2; a refiner has 5, and is not understood", unet, p.timeIDs, timeIDs)
	}
	if xl {
		provided, read := p.textEncoders[1].pooled, p.pooled
		if provided.Dims[1] != 0 && read.Dims[1] != 0 && provided.Dims[1] != read.Dims[1] {
			return fmt.Errorf("%s: %v: want %d in dimension 2, as %s gives; these parts are of different models", unet, read, provided.Dims[1], secondPart)
		}
		if c.PooledWidth = max(provided.Dims[1], read.Dims[1], f.textEncoders[1].pooled); c.PooledWidth == 0 {
			return fmt.Errorf("%s: %v: its width is not told; want projection_dim in %s/config.json", f.path(secondPart), provided, secondPart)
		}
	}
	if p.guidance.Name == "" {
		return nil
	}
	if c.GuidanceWidth = p.guidance.Dims[1]; c.GuidanceWidth == 0 {
		c.GuidanceWidth = f.timeCondDim
	}
	if c.GuidanceWidth < 4 {
		return fmt.Errorf("%s: %v: how wide the guidance scale's embedding is is not told; want time_cond_proj_dim in its config.json", unet, p.guidance)
	}
	return nil
}

// validateChannels tells an inpainting UNet from others.
func (f *Folder) validateChannels() error {
	c, p := &f.Config, f.ports
	n := p.sample.Dims[1]
	switch {
	case n == inpaintChannels || n == 0 && c.Inpaint:
		c.Inpaint = true
	case n != 0 && n != c.LatentChannels:
		return fmt.Errorf("%s: %v: want %d in dimension 2, or %d of an inpainting UNet: a depth or image-editing UNet is not understood", f.path(unetPart), p.sample, c.LatentChannels, inpaintChannels)
	default:
		c.Inpaint = false
	}
	if c.Inpaint && !c.CanEncode {
		return fmt.Errorf("%s: an inpainting UNet without a vae_encoder, which makes latents of the masked picture; want vae_encoder/model.onnx", f.path(unetPart))
	}
	if n := c.LatentChannels; c.CanEncode && p.mean.Dims[1] != 0 && p.mean.Dims[1] != n && p.mean.Dims[1] != 2*n {
		return fmt.Errorf("%s: %v: want %d or %d in dimension 2", f.path(encoderPart), p.mean, n, 2*n)
	}
	return nil
}

// validateSizes reads what sizes the export is for.
func (f *Folder) validateSizes() error {
	c, p := &f.Config, f.ports
	c.FixedSize = Size{Width: p.sample.Dims[3] * c.PixelsPerLatent, Height: p.sample.Dims[2] * c.PixelsPerLatent}
	if (c.FixedSize.Width == 0) != (c.FixedSize.Height == 0) {
		return fmt.Errorf("%s: %v: want both sides fixed or both free", f.path(unetPart), p.sample)
	}
	if c.FixedSize != (Size{}) {
		c.SizeMultiple = c.PixelsPerLatent // whatever was exported fits itself
	}
	return nil
}
