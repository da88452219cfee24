package language

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Export returns the catalogue of a language as a translator fills it in: all sentences that the program can say, with
// the translations that are built in. Those that are empty stay English.
func Export(code string) ([]byte, error) {
	tag, err := language.Parse(code)
	if err != nil {
		return nil, fmt.Errorf("%q is no code of a language, such as fr or pt-BR", code)
	}
	german, err := readBuiltIn("de")
	if err != nil {
		return nil, err
	}
	own, err := readBuiltIn(tag.String())
	if err != nil {
		own = nil // there is none yet
	}
	list := map[string]any{}
	for english, translation := range german {
		switch {
		case own[english] != nil:
			list[english] = own[english]
		case translation[0] == '{':
			list[english] = emptyForms(tag)
		default:
			list[english] = ""
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b) // its keys are sorted
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err = e.Encode(list)
	return b.Bytes(), err
}

func readBuiltIn(tag string) (texts map[string]json.RawMessage, err error) {
	data, err := fs.ReadFile(embedded, "catalogues/"+tag+".json")
	if err == nil {
		err = json.Unmarshal(data, &texts)
	}
	return texts, err
}

// emptyForms are the plural forms of a language, to be filled in.
func emptyForms(tag language.Tag) map[string]string {
	names := map[plural.Form]string{
		plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many",
	}
	forms := map[string]string{"other": ""}
	for n := range 200 { // the rules depend on the last two digits, and on whether there are more
		if name := names[plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)]; name != "" {
			forms[name] = ""
		}
	}
	return forms
}
