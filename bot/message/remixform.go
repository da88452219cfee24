package message

import (
	"fmt"
	"slices"
	"strconv"

	"darkroom/bot/button"
)

// KeepChoice is the value of a choice that leaves a setting as it is.
const KeepChoice = "keep"

// maxModelsOffered is how many models a select menu has room for, beside the choice to keep the model.
const maxModelsOffered = 24

// RemixForm is the form that makes a new image from the settings of an earlier one.
type RemixForm struct {
	Prompt, Negative string
	Model            string       // the name of the model that made it
	Models           []FormChoice // others that may be chosen, those used last first; the first 24 are offered
	StartsFromImage  bool         // a model can start from an image
	Strength         float64      // of its start image; 0 if it has none
	UsualStrength    float64      // of a new start image
}

// Form is the form. Both prompts have room for so many characters.
func (f RemixForm) Form(id button.ID, maxRunes int) Form {
	fields := []Field{
		{ID: FieldPrompt, Label: "Prompt", Value: f.Prompt, Long: true, Max: maxRunes,
			Description: "You can end it with flags: --ar 3:2 --no fog --seed 7 --steps 20"},
		{ID: FieldNegative, Label: "Negative prompt", Value: f.Negative, Long: true, Optional: true, Max: maxRunes},
	}
	if f.StartsFromImage {
		fields = append(fields, f.startImage(), f.strength())
	}
	if len(f.Models) > 0 {
		keep := FormChoice{Name: "Keep " + f.Model, Value: KeepChoice, Chosen: true}
		offered := f.Models[:min(len(f.Models), maxModelsOffered)]
		fields = append(fields, Field{
			ID: FieldModel, Label: "Model", Choices: slices.Concat([]FormChoice{keep}, offered),
		})
	}
	return Form{ID: id.String(), Title: "Remix", Fields: fields}
}

func (f RemixForm) startImage() Field {
	about := "The new image begins with it. PNG, JPEG or WebP"
	if f.Strength > 0 {
		about = "In place of the earlier start image. PNG, JPEG or WebP"
	}
	return Field{ID: FieldInit, Label: "Start image", Description: about, Upload: true, Optional: true}
}

// strength offers how much of a start image changes.
func (f RemixForm) strength() Field {
	keep := fmt.Sprintf("Usual (%g)", f.UsualStrength)
	if f.Strength > 0 {
		keep = fmt.Sprintf("As before (%g)", f.Strength)
	}
	choices := []FormChoice{{Name: keep, Value: KeepChoice, Chosen: true}}
	for _, c := range []struct {
		strength float64
		name     string
	}{{0.3, "Subtle"}, {0.5, "Medium"}, {0.7, "Strong"}, {0.9, "Nearly new"}} {
		choices = append(choices, FormChoice{
			Name: fmt.Sprintf("%s (%g)", c.name, c.strength), Value: strconv.FormatFloat(c.strength, 'g', -1, 64),
		})
	}
	return Field{
		ID: FieldStrength, Label: "How much of the start image changes", Choices: choices, Radio: true,
	}
}
