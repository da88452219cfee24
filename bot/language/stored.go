package language

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"darkroom/render/phrase"
)

// Stored prints a sentence that was stored in English, such as the reason of a failed job: its language is only known
// when it is shown, and programs of other versions store and read it, too. What no catalogue knows stays English.
func (l Language) Stored(text string) string {
	if l.IsZero() || text == "" {
		return text
	}
	if said, ok := l.recognize(text); ok {
		return said
	}
	return text
}

// recognize finds the sentence that a text is, with or without values.
func (l Language) recognize(text string) (said string, ok bool) {
	p := l.printer()
	if p.known[text] {
		return l.Text(text), true
	}
	for _, f := range p.formats {
		if m := f.pattern.FindStringSubmatch(text); m != nil {
			return l.Sprintf(f.english, f.valuesIn(l, m[1:])...), true
		}
	}
	return l.list(text)
}

// list recognizes a list of sentences, as phrase.And and phrase.Or write it in English.
func (l Language) list(text string) (said string, ok bool) {
	for last, join := range map[string]func([]string) phrase.Phrase{
		" and ": phrase.And[string], " or ": phrase.Or[string],
	} {
		before, after, found := cutLast(text, last)
		if !found {
			continue
		}
		items := append(strings.Split(before, ", "), after)
		for i, item := range items {
			if items[i], found = l.recognize(item); !found {
				break
			}
		}
		if found {
			return l.Print(join(items)), true
		}
	}
	return "", false
}

func cutLast(text, separator string) (before, after string, found bool) {
	at := strings.LastIndex(text, separator)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(separator):], true
}

// format is an English format that can be recognized in a text.
type format struct {
	english string
	pattern *regexp.Regexp
	verbs   []byte // how each value is written, in their order
	letters int    // of the format itself
}

// leastLetters is how many letters a format must have to be recognized: shorter ones could be anything.
const leastLetters = 6

// readFormat reads a format. One without values, with too few letters, or with values in another order than their
// numbers is none.
func readFormat(english string) (f format, ok bool) {
	f = format{english: english}
	pattern, at := "^", 0
	for _, m := range verbs.FindAllStringSubmatchIndex(english, -1) {
		pattern, f.letters = pattern+regexp.QuoteMeta(english[at:m[0]]), f.letters+letters(english[at:m[0]])
		at = m[1]
		switch verb := english[m[6]]; {
		case m[2] >= 0 || m[4] >= 0:
			return f, false
		case verb == '%':
			pattern += "%"
		case verb == 'd':
			pattern, f.verbs = pattern+`(-?\d+)`, append(f.verbs, verb)
		case verb == 'q':
			pattern, f.verbs = pattern+`"((?s:.+?))"`, append(f.verbs, 's')
		case verb == 'g' || verb == 'f':
			pattern, f.verbs = pattern+`(-?\d+(?:\.\d+)?)`, append(f.verbs, verb)
		case strings.HasSuffix(english[:m[0]], "“"): // a name, which stays as it is
			pattern, f.verbs = pattern+`([^“”]+)`, append(f.verbs, 'n')
		default:
			pattern, f.verbs = pattern+`((?s:.+?))`, append(f.verbs, 's')
		}
	}
	f.letters += letters(english[at:])
	f.pattern = regexp.MustCompile(pattern + regexp.QuoteMeta(english[at:]) + "$")
	return f, len(f.verbs) > 0 && f.letters >= leastLetters
}

func letters(text string) (n int) {
	for _, r := range text {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}

// valuesIn are the values that were found in a text. A value may be a sentence itself.
func (f format) valuesIn(l Language, found []string) (values []any) {
	for i, text := range found {
		switch f.verbs[i] {
		case 'd':
			n, _ := strconv.ParseInt(text, 10, 64) // digits; of a huge number the largest
			values = append(values, n)
		case 'g', 'f':
			x, _ := strconv.ParseFloat(text, 64)
			values = append(values, x)
		case 'n':
			values = append(values, text)
		default:
			values = append(values, l.Stored(text))
		}
	}
	return values
}

// readFormats reads formats, those with the most letters first: of two that a text could be, it is the one that says
// more.
func readFormats(english []string) (all []format) {
	for _, e := range english {
		if f, ok := readFormat(e); ok {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b format) int {
		return cmp.Or(cmp.Compare(b.letters, a.letters), strings.Compare(a.english, b.english))
	})
	return all
}
