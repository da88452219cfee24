package message

import "darkroom/bot/button"

// RemixForm is the form with an image's prompt filled in.
func RemixForm(id button.ID, prompt, negative string, maxRunes int) Form {
	return Form{
		ID: id.String(), Title: "Remix",
		Fields: []Field{
			{ID: FieldPrompt, Label: "Prompt", Value: prompt, Long: true, Max: maxRunes,
				Description: "You can end it with flags: --ar 3:2 --no fog --seed 7 --steps 20"},
			{ID: FieldNegative, Label: "Negative prompt", Value: negative, Long: true, Optional: true, Max: maxRunes},
		},
	}
}

// EditPromptForm is the form with a prompt to change.
func EditPromptForm(id button.ID, prompt string, maxRunes int) Form {
	return Form{
		ID: id.String(), Title: "Edit prompt",
		Fields: []Field{{ID: FieldPrompt, Label: "Prompt", Value: prompt, Long: true, Max: maxRunes}},
	}
}

// The ids of the fields of forms.
const (
	FieldPrompt   = "prompt"
	FieldNegative = "negative"
)
