//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"

	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// readStart reads the start image, before the request is resolved: notes tell of its shape.
func (o *drawRequest) readStart(ctx context.Context) error {
	d := o.settings
	if d.Init == "" {
		if d.Strength != nil || d.Mask != "" || d.Fit != "" || d.MaskBlur > 0 {
			return errors.New("--strength, --mask, --mask-blur and --fit go with --init: name the image to start from")
		}
		return nil
	}
	if !o.folder.Config.CanEncode {
		return fmt.Errorf("--init: the model %s has no vae_encoder, so it cannot start from an image", o.folder.Name)
	}
	data, err := readBounded(d.Init, maxInputBytes)
	if err != nil {
		return fmt.Errorf("--init: %w", err)
	}
	if o.start, err = encode.Clean(ctx, data, maxInputPixels, 0); err != nil {
		return fmt.Errorf("--init %s: %w", d.Init, err)
	}
	return nil
}

// placeInputs puts the start image and its mask into the Spec, in the shape of its size unless they are cropped.
func (o *drawRequest) placeInputs(ctx context.Context, mode string) error {
	in, err := o.keepInput(o.start, mode)
	if err != nil {
		return fmt.Errorf("--init %s: %w", o.settings.Init, err)
	}
	o.spec.Init.Picture = in
	if o.settings.Mask == "" {
		if o.settings.MaskBlur > 0 {
			return errors.New("--mask-blur goes with --mask: name the mask")
		}
		return nil
	}
	mask, err := o.readMask(ctx)
	if err != nil {
		return err
	}
	if in, err = o.keepInput(mask, mode); err != nil {
		return fmt.Errorf("--mask %s: %w", o.settings.Mask, err)
	}
	o.spec.Init.Mask = &in
	return nil
}

// readMask reads the mask, and notes what it was taken for.
func (o *drawRequest) readMask(ctx context.Context) (encode.CleanImage, error) {
	path := o.settings.Mask
	data, err := readBounded(path, maxInputBytes)
	if err != nil {
		return encode.CleanImage{}, fmt.Errorf("--mask: %w", err)
	}
	mask, reading, err := encode.CleanMask(ctx, data, o.start, maxInputPixels)
	if err != nil {
		return encode.CleanImage{}, fmt.Errorf("--mask %s: %w", path, err)
	}
	if marks, err := mask.MarksAny(); err != nil || !marks {
		return mask, errors.Join(err, fmt.Errorf(
			"--mask %s: it marks nothing: paint white, or any colour on transparent, where the image shall change", path))
	}
	switch reading {
	case encode.MaskByBrightness:
	case encode.MaskByOpacity:
		o.notes = append(o.notes, "The mask has transparent parts: what is opaque in it changes.")
	case encode.MaskByHoles:
		o.notes = append(o.notes, "The mask is the start image with parts erased: the erased parts change.")
	}
	if o.spec.Dialect == picture.Diffusers && o.settings.MaskBlur < 0 {
		o.notes = append(o.notes, "The edge of the mask is hard, as in diffusers. --mask-blur 4 softens it as A1111 does.")
	}
	return mask, nil
}

// keepInput keeps an input image for the renderer.
func (o *drawRequest) keepInput(clean encode.CleanImage, mode string) (picture.Input, error) {
	var err error
	switch mode {
	case request.ResizeFill:
		clean, err = clean.Fill(o.spec.Width, o.spec.Height)
	case request.ResizeStretch:
		clean, err = clean.Stretch(o.spec.Width, o.spec.Height)
	}
	o.inputs[clean.SHA256] = clean.PNG
	return picture.Input{SHA256: clean.SHA256, Width: clean.Width, Height: clean.Height}, err
}
