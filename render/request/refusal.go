package request

import "darkroom/render/phrase"

// Refusal is a no that a person can act on. It is not an error of the program: it is never logged as one.
type Refusal struct {
	Sentence phrase.Phrase // what is not possible
	Hint     phrase.Phrase // what is; may be none
}

// Refuse makes a Refusal. The hint may be empty; one with values is given by Suggest.
func Refuse(hint, format string, args ...any) *Refusal {
	return &Refusal{Sentence: phrase.Of(format, args...), Hint: phrase.Of(hint)}
}

// Suggest gives a Refusal its hint.
func (r *Refusal) Suggest(format string, args ...any) *Refusal {
	r.Hint = phrase.Of(format, args...)
	return r
}

// Error makes a Refusal an error, so that it can end a transaction or a command. It is in English.
func (r *Refusal) Error() string {
	if r.Hint.IsZero() {
		return r.Sentence.String()
	}
	return r.Sentence.String() + " " + r.Hint.String()
}
