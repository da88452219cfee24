package render

import "fmt"

// Refusal is the error of an image that this model cannot generate, however often it is asked for.
type Refusal struct {
	Sentence string // for the person who asked; lower case, without a full stop
	Err      error  // what exactly is wrong, for the log; nil where the sentence is enough
}

// Error returns what exactly is wrong.
func (r *Refusal) Error() string {
	if r.Err != nil {
		return r.Err.Error()
	}
	return r.Sentence
}

// Unwrap returns what exactly is wrong.
func (r *Refusal) Unwrap() error { return r.Err }

// refuse returns a Refusal whose sentence is enough.
func refuse(format string, a ...any) error { return &Refusal{Sentence: fmt.Sprintf(format, a...)} }

// refuseBecause returns a Refusal because of err, or nil where err is nil.
func refuseBecause(sentence string, err error) error {
	if err == nil {
		return nil
	}
	return &Refusal{Sentence: sentence, Err: err}
}
