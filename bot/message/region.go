package message

import (
	"slices"
	"strconv"
	"strings"

	"darkroom/bot/button"
	"darkroom/bot/language"
	"darkroom/render/phrase"
)

// ErrNoRegion refuses a form that says nothing of where an image shall change.
const ErrNoRegion = Refusal("Nothing is marked. Choose at least one part of the image, or send a mask.")

// ErrEmptyMask refuses a mask that marks nothing.
const ErrEmptyMask = Refusal(
	"The mask marks nothing. Paint white, or any colour on transparent, where the image shall change.",
)

// Why a mask cannot be read.
const (
	ErrMaskNoImage  = Refusal("The mask is not an image. Send a PNG, JPEG or WebP file.")
	ErrMaskTooLarge = Refusal("The mask is too large: at most 16 megapixels and 25 MB.")
	ErrMaskDamaged  = Refusal("The mask is damaged. Save it again as a PNG.")
	ErrMaskGone     = Refusal("The mask cannot be fetched from Discord any more. Send it again.")
)

// ErrMaskFormat refuses a mask of a format that is not read, such as "a HEIC photo".
func ErrMaskFormat(format phrase.Phrase) error {
	return refuse("The mask is %s. Save it as a PNG and send that.", format)
}

// MaskReadByBrightness says how a mask was read.
func MaskReadByBrightness() phrase.Phrase { return phrase.Of("The white parts of your mask change.") }

// MaskReadByOpacity says how a mask was read.
func MaskReadByOpacity() phrase.Phrase {
	return phrase.Of("Your mask has transparent parts. What is painted in it changes.")
}

// MaskReadByHoles says how a mask was read.
func MaskReadByHoles() phrase.Phrase {
	return phrase.Of("Your mask is the image with parts erased. The erased parts change.")
}

// RegionSmaller says that an upscaled image is repainted at the size that it had before.
func RegionSmaller(size string) phrase.Phrase {
	return phrase.Of("The new images have the size before it was upscaled: %s.", size)
}

// cellNames are the cells of a region, from 1, row by row.
func cellNames(l language.Language) []string {
	return []string{
		l.Text("Top left"), l.Text("Top"), l.Text("Top right"), l.Text("Left"), l.Text("Centre"), l.Text("Right"),
		l.Text("Bottom left"), l.Text("Bottom"), l.Text("Bottom right"),
	}
}

// RegionForm is the form that asks which part of an image shall be painted anew, and with what.
type RegionForm struct {
	Prompt string
	Cells  []int // chosen before, from 1 to 9
	Kept   bool  // a mask was sent before, and is kept
}

// Form is the form. The prompt has room for so many characters.
func (f RegionForm) Form(l language.Language, id button.ID, maxRunes int) Form {
	cells := Field{
		ID: FieldCells, Label: l.Text("Which parts change?"), Optional: true, Several: true,
		Description: l.Text("Several may be chosen. Or send a mask below"),
	}
	for i, name := range cellNames(l) {
		cells.Choices = append(cells.Choices, FormChoice{
			Name: name, Value: strconv.Itoa(i + 1), Chosen: slices.Contains(f.Cells, i+1),
		})
	}
	mask := Field{
		ID: FieldMask, Label: l.Text("Mask"), Upload: true, Optional: true,
		Description: l.Text("White on black, any colour on transparent, or the image with holes"),
	}
	if f.Kept {
		mask.Description = l.Text("The one that you sent is kept, unless you send another")
	}
	prompt := Field{
		ID: FieldPrompt, Label: l.Text("Prompt"), Value: f.Prompt, Long: true, Max: maxRunes,
		Description: l.Text("What the whole image shall show"),
	}
	return Form{ID: id.String(), Title: l.Text("Vary a region"), Fields: []Field{cells, mask, prompt}}
}

// RegionQuestion shows the part of an image that will change, and asks whether to paint it. id is that of the question.
func RegionQuestion(l language.Language, id string, preview File, prompt string, notes []phrase.Phrase) Message {
	lines := []string{"**" + PromptLine(prompt) + "**", l.Text("The bright part changes. The rest stays as it is.")}
	for _, n := range notes {
		lines = append(lines, "• "+Escape(l.Print(n)))
	}
	press := func(style Style, label, answer string) Button {
		return Button{Style: style, Label: label, ID: button.ID{Verb: button.Permute, Job: id, Arg: answer}.String()}
	}
	return Message{Content: strings.Join(lines, "\n"), Files: []File{preview}, Rows: []Row{{
		press(Success, l.Text("Paint"), AnswerYes), press(Secondary, l.Text("Change region or prompt"), AnswerEdit),
		press(Secondary, l.Text("Cancel"), AnswerNo),
	}}}
}
