package prompt

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// AddonTag is a tag that asks for an extra network: <lora:ink:0.8>.
type AddonTag struct {
	Kind   string            // "lora", "lyco", "hypernet" or whatever was written, lower case
	Name   string            // may be empty: then the tag was malformed
	Args   []string          // the other positional arguments, as written
	Named  map[string]string // arguments written key=value
	Tag    string            // the whole tag as written
	Column int               // in characters from 1
}

// A1111's pattern: a word, a colon and anything but the closing bracket.
var addonTag = regexp.MustCompile(`<([\pL\pN_]+):([^>]+)>`)

// Addons takes the add-on tags out of text. Blanks around them stay, as in A1111.
func Addons(text string) (rest string, addons []AddonTag) {
	var b strings.Builder
	column, end := 1, 0
	for _, m := range addonTag.FindAllStringSubmatchIndex(text, -1) {
		column += utf8.RuneCountInString(text[end:m[0]])
		a := parseAddon(text[m[2]:m[3]], text[m[4]:m[5]])
		a.Tag, a.Column = text[m[0]:m[1]], column
		addons = append(addons, a)
		b.WriteString(text[end:m[0]])
		column += utf8.RuneCountInString(a.Tag)
		end = m[1]
	}
	b.WriteString(text[end:])
	return b.String(), addons
}

// AddonTags returns the add-on tags of some texts as written, each once.
func AddonTags(texts ...string) []string {
	var tags []string
	for _, text := range texts {
		_, addons := Addons(text)
		for _, a := range addons {
			if !slices.Contains(tags, a.Tag) {
				tags = append(tags, a.Tag)
			}
		}
	}
	return tags
}

func parseAddon(kind, args string) AddonTag {
	a := AddonTag{Kind: strings.ToLower(kind)}
	for i, arg := range strings.Split(args, ":") {
		key, value, named := strings.Cut(arg, "=")
		switch {
		case i == 0:
			a.Name = strings.TrimSpace(arg)
		case named && a.Named == nil:
			a.Named = map[string]string{key: value}
		case named:
			a.Named[key] = value
		default:
			a.Args = append(a.Args, arg)
		}
	}
	return a
}

// ParseWithAddons takes out the add-on tags and parses the rest. Columns of the parts count in the text without tags.
func (r Reading) ParseWithAddons(text string) ([]Part, []AddonTag) {
	rest, addons := Addons(text)
	return r.Parse(rest), addons
}
