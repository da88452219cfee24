//go:build cgo

package main

import (
	"errors"

	"darkroom/render/picture"
	"darkroom/render/request"
)

// resolveUpscale settles how the pictures are enlarged.
func (o *drawRequest) resolveUpscale(card request.Card, available request.Available) error {
	d := o.settings
	switch {
	case d.Upscale != 0:
	case d.Upscaler != "":
		return errors.New("--upscaler: give --upscale too, such as --upscale 2")
	case d.Repaint != nil:
		return errors.New("--repaint: give --upscale too, such as --upscale 2")
	default:
		return nil
	}
	resolved, refusal := request.Enlarge(request.Resolved{Spec: o.spec, Card: card}, request.WantedUpscale{
		By: d.Upscale, Upscaler: d.Upscaler, Strength: d.Repaint,
	}, available)
	if refusal != nil {
		return refusal
	}
	o.spec, o.notes = resolved.Spec, append(o.notes, resolved.NoteTexts()...)
	return nil
}

// mayEnlarge tells whether an add-on may be what enlarges the pictures.
func (o *drawRequest) mayEnlarge(c request.AddonCard) bool {
	return c.Kind == picture.Upscaler && o.settings.Upscale != 0
}
