package message

import (
	"slices"
	"strconv"

	"darkroom/bot/button"
	"darkroom/bot/language"
	"darkroom/render/phrase"
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
func (f RemixForm) Form(l language.Language, id button.ID, maxRunes int) Form {
	fields := []Field{
		{ID: FieldPrompt, Label: l.Text("Prompt"), Value: f.Prompt, Long: true, Max: maxRunes,
			Description: l.Text("You can end it with flags: --ar 3:2 --no fog --seed 7 --steps 20")},
		{ID: FieldNegative, Label: l.Text("Negative prompt"), Value: f.Negative, Long: true, Optional: true, Max: maxRunes},
	}
	if f.StartsFromImage {
		fields = append(fields, f.startImage(l), f.strength(l))
	}
	if len(f.Models) > 0 {
		keep := FormChoice{Name: l.Sprintf("Keep %s", f.Model), Value: KeepChoice, Chosen: true}
		offered := f.Models[:min(len(f.Models), maxModelsOffered)]
		fields = append(fields, Field{
			ID: FieldModel, Label: l.Text("Model"), Choices: slices.Concat([]FormChoice{keep}, offered),
		})
	}
	return Form{ID: id.String(), Title: l.Text("Remix"), Fields: fields}
}

func (f RemixForm) startImage(l language.Language) Field {
	about := l.Text("The new image begins with it. PNG, JPEG or WebP")
	if f.Strength > 0 {
		about = l.Text("In place of the earlier start image. PNG, JPEG or WebP")
	}
	return Field{ID: FieldInit, Label: l.Text("Start image"), Description: about, Upload: true, Optional: true}
}

// strength offers how much of a start image changes.
func (f RemixForm) strength(l language.Language) Field {
	keep := l.Sprintf("Usual (%g)", f.UsualStrength)
	if f.Strength > 0 {
		keep = l.Sprintf("As before (%g)", f.Strength)
	}
	choices := []FormChoice{{Name: keep, Value: KeepChoice, Chosen: true}}
	for _, c := range []struct {
		strength float64
		name     phrase.Phrase
	}{
		{0.3, phrase.Of("Subtle (%g)", 0.3)}, {0.5, phrase.Of("Medium (%g)", 0.5)},
		{0.7, phrase.Of("Strong (%g)", 0.7)}, {0.9, phrase.Of("Nearly new (%g)", 0.9)},
	} {
		choices = append(choices, FormChoice{
			Name: l.Print(c.name), Value: strconv.FormatFloat(c.strength, 'g', -1, 64),
		})
	}
	return Field{
		ID: FieldStrength, Label: l.Text("How much of the start image changes"), Choices: choices, Radio: true,
	}
}
