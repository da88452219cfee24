package prompt

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// AlmostFlag finds the first word of a prompt without its flags that was probably meant as a flag, and how that is
// written: "-ar" for "--ar", "--ar3:2" for "--ar 3:2". It returns empty texts if there is none.
func AlmostFlag(text string) (written, meant string) {
	for word := range strings.FieldsSeq(text) {
		dashes := len(word) - len(strings.TrimLeftFunc(word, isDash))
		if n := utf8.RuneCountInString(word[:dashes]); n == 0 || n > 2 {
			continue
		}
		name, value := word[dashes:], ""
		if at := strings.IndexFunc(name, unicode.IsDigit); at > 0 {
			name, value = name[:at], " "+name[at:]
		}
		if _, known := knownFlag(strings.ToLower(name)); known {
			return word, "--" + strings.ToLower(name) + value
		}
	}
	return "", ""
}

// CutCommand takes off what a person pasted or typed with a prompt: the name of the command, "/imagine", and "prompt:",
// together or alone. It returns the first of them that was there.
func CutCommand(text string) (rest, cut string) {
	rest = strings.TrimSpace(text)
	if word, after := firstWord(rest); strings.EqualFold(word, command) {
		rest, cut = strings.TrimSpace(after), command
	}
	if len(rest) >= len(option) && strings.EqualFold(rest[:len(option)], option) {
		rest, cut = strings.TrimSpace(rest[len(option):]), cmp.Or(cut, option)
	}
	if cut == "" {
		return text, ""
	}
	return rest, cut
}

const command = "/imagine"

// option is what Discord writes before a prompt where a command is copied as text.
const option = "prompt:"
