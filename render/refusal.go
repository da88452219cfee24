package render

import "fmt"

// Refusal is the error of a picture that this model will not paint, however often it is asked.
type Refusal struct {
	Sentence string // for the person who asked, without a capital and a full stop
	Err      error  // what exactly is wrong, for the log; nil where the sentence says it all
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

// refuse refuses with a sentence that says it all.
func refuse(format string, a ...any) error { return &Refusal{Sentence: fmt.Sprintf(format, a...)} }

// refused refuses because of err, unless there is none.
func refuseBecause(sentence string, err error) error {
	if err == nil {
		return nil
	}
	return &Refusal{Sentence: sentence, Err: err}
}
