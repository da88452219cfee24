package folder

import (
	"fmt"
	"slices"

	"darkroom/render/family"
	"darkroom/render/onnx/graph"
)

// validateGraphs finds every port, checks that the networks fit each other and the configuration, and fills in the
// limits of the exports.
func (f *Model) validateGraphs() error {
	if err := f.findPorts(); err != nil {
		return err
	}
	for _, check := range []func() error{f.validateFamily, f.validateText, f.validateChannels, f.validateSizes} {
		if err := check(); err != nil {
			return err
		}
	}
	c, p := &f.Config, f.Ports
	f.clues.Scheduler, f.clues.Spacing, f.clues.Prediction = c.Scheduler, c.TimestepSpacing, c.Prediction
	f.clues.ZeroSNR, f.clues.GuidanceWidth = c.ZeroSNR, c.GuidanceWidth
	c.Distillation = family.RecogniseDistillation(f.clues)
	c.Float16 = p.Sample.Type == graph.Float16
	c.FractionalTimesteps = !slices.Contains(integerTypes, p.Timestep.Type)
	c.SkippableLayers = maxSkips
	for _, t := range p.TextEncoders {
		c.SkippableLayers = min(c.SkippableLayers, len(t.Layers)-1)
	}
	return nil
}

// validateText checks that the text encoders give what the UNet reads.
func (f *Model) validateText() error {
	c, p := &f.Config, &f.Ports
	width, known := 0, true
	for i, t := range p.TextEncoders {
		w, configured := t.Layers[0].Dims[2], f.textEncoders[i].width
		if w != 0 && configured != 0 && w != configured {
			return fmt.Errorf(
				"%s: %v: want %d in dimension 3, as its config.json has it", f.path(t.part), t.Layers[0], configured,
			)
		}
		w = max(w, configured)
		known = known && w > 0
		p.TextEncoders[i].Width = w
		width += w
	}
	read := max(p.Context.Dims[2], c.TextWidth) // by the UNet
	switch {
	case p.Context.Dims[2] != 0 && c.TextWidth != 0 && p.Context.Dims[2] != c.TextWidth:
		return fmt.Errorf(
			"%s: %v: want %d in dimension 3, as its config.json has it", f.path(unetPart), p.Context, c.TextWidth,
		)
	case known && read != 0 && width != read:
		return fmt.Errorf(
			"%s: %v: it reads %d numbers for a token and the text encoder gives %d; "+
				"these parts are of different models, want %d",
			f.path(unetPart), p.Context, read, width, width,
		)
	case !known && len(p.TextEncoders) == 1 && read != 0:
		p.TextEncoders[0].Width, width = read, read
	case !known:
		return fmt.Errorf("%s: the width of a token is unknown; want hidden_size in text_encoder/config.json", f.Dir)
	}
	c.TextWidth = width
	f.clues.TextWidth = width
	c.Family = family.Recognise(f.clues)
	if n := p.Context.Dims[1]; n != 0 {
		if n%c.TextLength != 0 {
			return fmt.Errorf("%s: %v: want a multiple of %d in dimension 2", f.path(unetPart), p.Context, c.TextLength)
		}
		c.MaxChunks = n / c.TextLength
	}
	return nil
}

// validateFamily checks that the UNet reads the conditioning of its family.
func (f *Model) validateFamily() error {
	c, p := &f.Config, f.Ports
	reads := p.Pooled.Name != "" || p.TimeIDs.Name != ""
	unet, wants := f.path(unetPart), c.Family.ConditionedOnSize()
	switch {
	case reads && !wants:
		return fmt.Errorf(
			"%s: an SDXL UNet, it reads text_embeds and time_ids; want %v and %v beside it, as SDXL has", unet,
			family.SDXL.TextParts(), family.SDXL.Tokenizers(),
		)
	case wants && (p.Pooled.Name == "" || p.TimeIDs.Name == ""):
		return fmt.Errorf(
			"%s: no inputs text_embeds and time_ids, it has %v; want the UNet of %s", unet, f.graphs[unetPart].Inputs,
			c.Family.Name,
		)
	case wants && p.TimeIDs.Dims[1] != 0 && p.TimeIDs.Dims[1] != c.Family.TimeIDCount():
		return fmt.Errorf(
			"%s: %v: want %d in dimension 2 for %s; an SDXL model has %d and its refiner %d, for which model_index.json says "+
				"requires_aesthetics_score", unet, p.TimeIDs, c.Family.TimeIDCount(), c.Family.Name, family.SDXL.TimeIDCount(),
			family.Refiner.TimeIDCount(),
		)
	}
	if err := f.validatePooled(); err != nil {
		return err
	}
	return f.validateGuidance()
}

// validatePooled checks that the UNet reads pooled vectors of the width that the text encoders give, and notes it.
func (f *Model) validatePooled() error {
	c, p, unet := &f.Config, f.Ports, f.path(unetPart)
	for i, t := range p.TextEncoders {
		if t.Pooled.Name == "" {
			continue
		}
		provided, read := t.Pooled, p.Pooled
		if provided.Dims[1] != 0 && read.Dims[1] != 0 && provided.Dims[1] != read.Dims[1] {
			return fmt.Errorf(
				"%s: %v: want %d in dimension 2, as %s gives; these parts are of different models", unet, read, provided.Dims[1],
				t.part,
			)
		}
		if c.PooledWidth = max(provided.Dims[1], read.Dims[1], f.textEncoders[i].pooled); c.PooledWidth == 0 {
			return fmt.Errorf(
				"%s: %v: its width is unknown; want projection_dim in %s/config.json", f.path(t.part), provided, t.part,
			)
		}
	}
	return nil
}

// validateGuidance notes the width of the embedding of the guidance scale, where the UNet reads one.
func (f *Model) validateGuidance() error {
	c, p := &f.Config, f.Ports
	if p.Guidance.Name == "" {
		if f.timeCondDim > 0 {
			f.Unfollowed = append(f.Unfollowed, fmt.Sprintf(
				"unet/config.json: time_cond_proj_dim %d, but the network has no input timestep_cond for the guidance scale",
				f.timeCondDim))
		}
		return nil
	}
	if c.GuidanceWidth = p.Guidance.Dims[1]; c.GuidanceWidth == 0 {
		c.GuidanceWidth = f.timeCondDim
	}
	if c.GuidanceWidth < 4 {
		return fmt.Errorf(
			"%s: %v: the width of the guidance scale's embedding is unknown; want time_cond_proj_dim in its config.json",
			f.path(unetPart), p.Guidance,
		)
	}
	return nil
}

// validateChannels recognises what the UNet reads besides latents.
func (f *Model) validateChannels() error {
	c, p := &f.Config, f.Ports
	n := f.channels()
	c.Extra = family.FindExtraInput(n - c.LatentChannels)
	if c.Extra == nil && n != c.LatentChannels {
		return fmt.Errorf(
			"%s: %v: it reads %d channels, want %d in dimension 2, or %d of an inpainting UNet: a depth or image-editing UNet "+
				"is not supported",
			f.path(unetPart), p.Sample, n, c.LatentChannels, c.LatentChannels+family.Inpaint.Channels,
		)
	}
	if c.Extra != nil && !c.CanEncode {
		return fmt.Errorf(
			"%s: a UNet for %s without a vae_encoder, which makes latents of the masked image; want vae_encoder/model.onnx",
			f.path(unetPart), c.Extra.Name,
		)
	}
	if n := c.LatentChannels; c.CanEncode && p.Mean.Dims[1] != 0 && p.Mean.Dims[1] != n && p.Mean.Dims[1] != 2*n {
		return fmt.Errorf("%s: %v: want %d or %d in dimension 2", f.path(encoderPart), p.Mean, n, 2*n)
	}
	return nil
}

// validateSizes reads which sizes the export takes.
func (f *Model) validateSizes() error {
	c, p := &f.Config, f.Ports
	c.FixedSize = Size{Width: p.Sample.Dims[3] * c.PixelsPerLatent, Height: p.Sample.Dims[2] * c.PixelsPerLatent}
	if (c.FixedSize.Width == 0) != (c.FixedSize.Height == 0) {
		return fmt.Errorf("%s: %v: want both sides fixed or both free", f.path(unetPart), p.Sample)
	}
	if c.FixedSize != (Size{}) {
		c.SizeMultiple = c.PixelsPerLatent // the exported size fits the network
	}
	return nil
}
