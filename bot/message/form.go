package message

import (
	"slices"
	"strings"

	"darkroom/bot/button"
	"darkroom/bot/language"
	"darkroom/render/picture"
)

// UpscaleForm is the form in which a person chooses how an image is enlarged. names are the upscalers, the usual one
// first.
func UpscaleForm(l language.Language, id button.ID, names []string) Form {
	usual := ""
	if len(names) > 0 {
		usual = names[0]
	}
	return Form{
		ID: id.String(), Title: l.Text("Upscale"),
		Fields: []Field{
			{ID: FieldTimes, Label: l.Text("How many times larger"), Value: "2", Max: maxShortField,
				Description: l.Sprintf("More than 1, at most %d", picture.MaxUpscale)},
			{ID: FieldUpscaler, Label: l.Text("Upscaler"), Value: usual, Optional: true, Max: maxShortField,
				Description: l.Sprintf("One of: %s", strings.Join(names, ", "))},
			{ID: FieldRepaint, Label: l.Text("Repaint"), Optional: true, Max: maxShortField,
				Description: l.Text("From 0 to 1: 0.3 adds detail, 0 changes nothing. Left out: as usual")},
		},
	}
}

// ZoomForm asks how many times smaller an image shall become.
func ZoomForm(l language.Language, id button.ID, least, most float64) Form {
	return Form{ID: id.String(), Title: l.Text("Custom zoom"), Fields: []Field{{
		ID: FieldZoom, Label: l.Text("Zoom out how many times?"), Value: "2", Max: maxShortField,
		Description: l.Sprintf("From %g to %g. The image becomes so many times smaller.", least, most),
	}}}
}

// ErrZoom refuses what was typed as a zoom.
func ErrZoom(text string, least, most float64) error {
	return refuse("Unknown zoom “%s”. Write a number from %g to %g, such as 1.8.",
		Escape(Shorten(text, 40)), least, most)
}

// EditForm is what was typed for a request, in a form to change it.
type EditForm struct {
	Prompt, Rest string // Rest is what a field has no room for
	Negative     string
	NegativeRest string // as Rest; shown if there is a field left for it
	Size         string // a size or an aspect ratio
	Model        string // its name, or an id
	Sampler      string // its usual name
	Count        string
	Kept         []string // settings that have no field
}

// Form is the form. A form has at most five fields: model, size and sampler have one if they were given and there is
// room.
func (f EditForm) Form(l language.Language, id button.ID, maxRunes int) Form {
	prompt := Field{ID: FieldPrompt, Label: l.Text("Prompt"), Value: f.Prompt, Long: true, Max: maxRunes}
	fields := []Field{
		{ID: FieldRest, Label: l.Text("Rest of the prompt"), Value: f.Rest, Long: true, Optional: true, Max: maxRunes,
			Description: l.Sprintf("Both fields together may hold %s characters", l.Integer(maxRunes))},
		{ID: FieldNegative, Label: l.Text("Negative prompt"), Value: f.Negative, Long: true, Optional: true, Max: maxRunes},
		{ID: FieldNegativeRest, Label: l.Text("Rest of the negative prompt"), Value: f.NegativeRest, Long: true,
			Optional: true, Max: maxRunes,
			Description: l.Sprintf("Both fields together may hold %s characters", l.Integer(maxRunes))},
		{ID: FieldModel, Label: l.Text("Model"), Value: f.Model, Optional: true, Max: maxShortField},
		{ID: FieldSize, Label: l.Text("Size or aspect ratio"), Value: f.Size, Optional: true, Max: maxShortField,
			Description: l.Text("Width x height in pixels, or a shape such as 3:2")},
		{ID: FieldSampler, Label: l.Text("Sampler"), Value: f.Sampler, Optional: true, Max: maxShortField},
	}
	fields = slices.DeleteFunc(fields, func(x Field) bool { return x.Value == "" && x.ID != FieldNegative })
	if len(fields) >= maxFields {
		fields = slices.DeleteFunc(fields, func(x Field) bool { return x.ID == FieldNegativeRest })
	}
	kept := slices.Clip(f.Kept)
	for ; len(fields) >= maxFields; fields = fields[:len(fields)-1] {
		last := fields[len(fields)-1]
		kept = append(kept, keptField(l, last))
	}
	if len(fields) < maxFields-1 {
		fields = append(fields, Field{
			ID: FieldCount, Label: l.Text("Number of images"), Value: f.Count, Optional: true, Max: maxShortField,
		})
	} else if f.Count != "" {
		kept = append(kept, l.Sprintf("images: %s", f.Count))
	}
	if len(kept) > 0 {
		prompt.Description = l.Sprintf("Kept as typed: %s", strings.Join(kept, ", "))
	}
	return Form{ID: id.String(), Title: l.Text("Edit prompt"), Fields: append([]Field{prompt}, fields...)}
}

// keptField names a setting whose field has no room.
func keptField(l language.Language, f Field) string {
	switch f.ID {
	case FieldModel:
		return l.Sprintf("model %s", f.Value)
	case FieldSize:
		return l.Sprintf("size or aspect ratio %s", f.Value)
	}
	return l.Sprintf("sampler %s", f.Value)
}

const (
	// maxFields is Discord's limit on the fields of a form.
	maxFields = 5
	// maxShortField is how long a setting in a form may be, in characters.
	maxShortField = 100
)

// The ids of the fields of forms.
const (
	FieldPrompt       = "prompt"
	FieldRest         = "rest"
	FieldNegative     = "negative"
	FieldNegativeRest = "negative_rest"
	FieldModel        = "model"
	FieldSize         = "size"
	FieldSampler      = "sampler"
	FieldCount        = "count"
	FieldTimes        = "times"
	FieldUpscaler     = "upscaler"
	FieldRepaint      = "repaint"
	FieldZoom         = "zoom"
	FieldStrength     = "strength"
	FieldInit         = "init_image"
	FieldCells        = "cells"
	FieldMask         = "mask"
)
