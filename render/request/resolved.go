package request

import (
	"darkroom/render/phrase"
	"darkroom/render/picture"
	"darkroom/render/prompt"
)

// Resolved is a request that can be painted: all that decides the picture, and what the person should be told about it.
type Resolved struct {
	Spec         picture.Spec // without Init while PendingInit is set: its bytes must be read first
	PendingInit  *InitImage   // the start picture to read
	Spoiler      bool
	Private      bool            // only who asks sees the answer
	Notes        []phrase.Phrase // what was changed or left out, one sentence each, not escaped
	UnknownWords []string        // words of the prompt that the model never saw
	Nearest      []Near          // known words that are like some of these
	Examples     []int           // the numbers of the card's examples that suit, when there are unknown words
	Card         Card            // of the Spec's model, with its defaults settled
	Draft        int             // of a draft, how many steps the finished image has; 0 if it is none
	Flags        string          // what was asked for, by options too, as the flags of a prompt; not what a preset says
	Origins      []Origin        // what presets and defaults decided
}

// Near is an unknown word with the known words that are most like it. Its JSON is kept in SQL.
type Near struct {
	Unknown string   `json:"unknown"`
	Known   []string `json:"known,omitempty"`
}

// InitImage is a start picture as it was sent, with how much of it is repainted. Its JSON is kept in SQL.
type InitImage struct {
	File     Attachment         `json:"file"`
	Strength float64            `json:"strength"`
	Place    *picture.Placement `json:"place,omitempty"`  // where it lies on the canvas, if something is painted around it
	Window   *Size              `json:"window,omitempty"` // in which that is painted; nil: the whole canvas at once
	Resize   string             `json:"resize,omitempty"` // how it is brought to another shape; "" is ResizeCrop
	Mask     *Attachment        `json:"mask,omitempty"`   // what of it is painted anew; nil for all of it
}

// SettleVersion gives the Spec the lowest version that can express it, with the start picture that is still to be read.
func (r *Resolved) SettleVersion() {
	whole := r.Spec
	if p := r.PendingInit; p != nil {
		whole.Init = &picture.Init{Placement: p.Place, Window: p.Window}
	}
	prompt.SettleVersion(&whole)
	r.Spec.Version, r.Spec.Reading = whole.Version, whole.Reading
}

// Note adds a sentence about what was changed.
func (r *Resolved) Note(format string, args ...any) {
	r.Notes = append(r.Notes, phrase.Of(format, args...))
}

// NoteTexts returns the notes in English.
func (r *Resolved) NoteTexts() (all []string) {
	for _, n := range r.Notes {
		all = append(all, n.String())
	}
	return all
}

// Resize gives the picture another size. A start picture with ground around it does not fit into that any more, so it
// becomes a start picture of the whole.
func (r *Resolved) Resize(s Size) {
	if i := r.Spec.Init; i != nil && i.Window != nil && s != (Size{Width: r.Spec.Width, Height: r.Spec.Height}) {
		whole := *i // the Spec it came from may be somebody else's
		whole.Placement, whole.Window = nil, nil
		r.Spec.Init = &whole
	}
	r.Spec.Width, r.Spec.Height = s.Width, s.Height
}
