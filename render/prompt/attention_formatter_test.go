package prompt

import (
	"strconv"
	"strings"

	"darkroom/render/pyre"
)

// escaper makes text literal. BREAK as text needs a backslash too: Parse drops it and reads one word.
var escaper = strings.NewReplacer(`\`, `\\`, `(`, `\(`, `)`, `\)`, `[`, `\[`, `]`, `\]`, breakWord, `B\REAK`)

// Format writes parts so that Parse reads them back: Parse(Format(Parse(text))) equals Parse(text), except for columns.
// Every weight is written out, (like this:1.21), whatever brackets it came from.
func Format(parts []Part) string {
	var b strings.Builder
	for i, p := range parts {
		if p.Break {
			b.WriteString(" " + breakWord + " ")
			continue
		}
		prefix, suffix := separators(parts, i)
		b.WriteString(prefix)
		b.WriteString(group(p))
		b.WriteString(suffix)
	}
	return b.String()
}

// group writes one part without regard to its neighbours.
func group(p Part) string {
	text := escaper.Replace(p.Text)
	if p.Weight == 1 {
		return text
	}
	return "(" + text + ":" + strconv.FormatFloat(p.Weight, 'f', -1, 64) + ")"
}

// separators returns what must stand before and after part i: a lone backslash, which reads as nothing, protects a
// blank from the BREAK beside it, and an empty bracket keeps neighbours of equal weight apart.
func separators(parts []Part, i int) (prefix, suffix string) {
	p := parts[i]
	if i > 0 && !parts[i-1].Break && parts[i-1].Weight == p.Weight {
		prefix = `(\:0)`
		if p.Weight == 0 {
			prefix = `(\:1)`
		}
	}
	if p.Weight != 1 || p.Text == "" {
		return prefix, ""
	}
	if i > 0 && parts[i-1].Break && spaces(p.Text) > 0 {
		prefix = `\`
	}
	if i+1 < len(parts) && parts[i+1].Break && strings.TrimRightFunc(p.Text, pyre.IsSpace) != p.Text {
		suffix = `\`
	}
	return prefix, suffix
}
