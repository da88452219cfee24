package admit

import "fmt"

// Refusal is a no that a person can act on. It is not an error of the program: it is never logged as one.
type Refusal struct {
	Sentence string // what is not possible
	Hint     string // what is; may be empty
}

// Error makes a Refusal pass through a transaction as an error.
func (r *Refusal) Error() string {
	if r.Hint == "" {
		return r.Sentence
	}
	return r.Sentence + " " + r.Hint
}

func refuse(hint, format string, args ...any) *Refusal {
	return &Refusal{Sentence: fmt.Sprintf(format, args...), Hint: hint}
}
