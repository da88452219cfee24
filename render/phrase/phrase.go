// Package phrase holds sentences for people before they are in somebody's language: an English format with its values.
// What decides a sentence does not know who reads it; bot/language prints it.
package phrase

import "fmt"

// Phrase is a sentence that is not in a language yet. Its zero value is no sentence.
type Phrase struct {
	Format string // English, as of fmt; it also names the sentence in catalogues
	One    string // the English format for a count of one; empty when the sentence has no count
	Count  int    // what decides between the two, and between the plural forms of other languages
	Args   []any  // the values; those that are a Phrase, or a Phraser, are put into the language, too
	Stored bool   // Format is no format but an English text that one was made to, see Stored
}

// Phraser is something that can be said in any language, such as an error.
type Phraser interface{ Phrase() Phrase }

// Of makes a Phrase. Without values the format is taken as it is.
func Of(format string, args ...any) Phrase { return Phrase{Format: format, Args: args} }

// Count makes a Phrase that depends on a number: one is its format for n = 1. Both get the same values, and n is not
// among them unless it is given.
func Count(n int, one, other string, args ...any) Phrase {
	return Phrase{Format: other, One: one, Count: n, Args: args}
}

// Stored is a sentence that was kept or sent in English, such as why a job failed. bot/language finds its format again.
func Stored(text string) Phrase { return Phrase{Format: text, Stored: true} }

// IsZero tells whether there is no sentence.
func (p Phrase) IsZero() bool { return p.Format == "" }

// Phrase returns the Phrase itself, so that it is a Phraser.
func (p Phrase) Phrase() Phrase { return p }

// String returns the sentence in English.
func (p Phrase) String() string {
	format := p.Format
	if p.One != "" && p.Count == 1 {
		format = p.One
	}
	if len(p.Args) == 0 {
		return format
	}
	return fmt.Sprintf(format, p.Args...)
}
