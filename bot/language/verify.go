package language

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// pluralForms are CLDR's names of plural forms.
var pluralForms = []string{"zero", "one", "two", "few", "many", "other"}

// verify tells what is wrong with a catalogue: a translation must use the values of its English, all of them, in the
// same way; otherwise people would read "%!d(string=…)". An empty one is not translated yet.
func verify(data []byte) error {
	var texts map[string]json.RawMessage
	if err := json.Unmarshal(data, &texts); err != nil {
		return err
	}
	for english, raw := range texts {
		forms := map[string]string{}
		var single string
		if json.Unmarshal(raw, &single) == nil {
			forms["other"] = single
		} else if json.Unmarshal(raw, &forms) != nil {
			return fmt.Errorf("%q: neither a text nor an object of plural forms", english)
		}
		if _, ok := forms["other"]; !ok {
			return fmt.Errorf("%q: the plural form \"other\" is missing", english)
		}
		for form, text := range forms {
			if text == "" {
				continue // not translated yet
			}
			if !slices.Contains(pluralForms, form) {
				return fmt.Errorf("%q: there is no plural form %q", english, form)
			}
			if got, want := valuesOf(text), valuesOf(english); !slices.Equal(got, want) {
				return fmt.Errorf("%q: the translation has the values %v, and English has %v", english, got, want)
			}
		}
	}
	return nil
}

// verbs finds what a format does with its values.
var verbs = regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0-9.]*(?:\[(\d+)\])?([a-zA-Z%])`)

// valuesOf lists the values of a format by their numbers, each with its verb.
func valuesOf(format string) (all []string) {
	next := 1
	for _, m := range verbs.FindAllStringSubmatch(format, -1) {
		if m[3] == "%" {
			continue
		}
		n := next
		for _, number := range m[1:3] {
			if number != "" {
				n, _ = strconv.Atoi(number) // digits; of a huge number MaxInt, a value that English lacks
			}
		}
		all, next = append(all, fmt.Sprintf("%d %s", n, m[3])), n+1
	}
	slices.Sort(all)
	return slices.Compact(all)
}
