// Package pyre has what Python's re module and float() mean on text: classes of Unicode, where Go's regexp has ASCII.
// A1111 reads prompts and parameters texts with them.
package pyre

import (
	"strconv"
	"strings"
	"unicode"
)

// Classes for Go's regular expressions, as Python's \s, \d and \w on str.
const (
	Space = `[\x09-\x0d\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]`
	Digit = `\p{Nd}`
	Word  = `[\pL\pN_]`
)

// IsSpace tells whether \s matches: Unicode's blanks and the four separators.
func IsSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// IsWord tells whether \w matches. Combining marks do not belong to a word.
func IsWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

// TrimSpace is str.strip().
func TrimSpace(text string) string { return strings.TrimFunc(text, IsSpace) }

// ASCIIDigits writes the decimal digits of all scripts as 0 to 9, as int() and float() read them.
func ASCIIDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x80 && unicode.Is(unicode.Nd, r) {
			return '0' + digitValue(r)
		}
		return r
	}, text)
}

// ParseFloat is float() for text that holds digits of any script, a point and a sign.
func ParseFloat(text string) (float64, error) { return strconv.ParseFloat(ASCIIDigits(text), 64) }

// Atoi is int() for text that holds digits of any script and a sign.
func Atoi(text string) (int, error) { return strconv.Atoi(ASCIIDigits(text)) }

// digitValue is the value of a decimal digit. Unicode encodes each script's digits in a row from 0 to 9 (The Unicode
// Standard, section 4.6, "Numeric Value").
func digitValue(r rune) rune {
	for _, at := range unicode.Nd.R16 {
		if lo, hi := rune(at.Lo), rune(at.Hi); r >= lo && r <= hi {
			return (r - lo) % 10
		}
	}
	for _, at := range unicode.Nd.R32 {
		if lo, hi := rune(at.Lo), rune(at.Hi); r >= lo && r <= hi {
			return (r - lo) % 10
		}
	}
	return 0
}
