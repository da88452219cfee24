package language_test

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sentence matches what looks like words for a person: a letter, a blank and a letter, or a capital and more.
var sentence = regexp.MustCompile(`\p{L}[.,:;!?…”]? \p{L}|^\p{Lu}\p{Ll}{2,}`)

// visibleFields are the fields whose texts are seen on Discord as they are.
var visibleFields = []string{
	"Content", "Label", "Placeholder", "Title", "Description", "Footer", "About", "Sentence", "Hint",
}

// notSaid are functions whose texts nobody reads on Discord, or that read a text.
var notSaid = map[string]bool{
	"Errorf": true, "New": true, "panic": true, "Debug": true, "Info": true, "Warn": true, "Error": true,
	"MustCompile": true,
	"Contains":    true, "HasPrefix": true, "HasSuffix": true, "TrimPrefix": true, "TrimSuffix": true, "Cut": true,
	"ReplaceAll": true, "NewReplacer": true, "Split": true, "Format": true, "TrimRight": true, "ContainsAny": true,
}

// allowed are texts outside of the catalogues, each with why.
var allowed = map[string]string{
	"Euler a": "the name of a sampler", "Lanczos": "the name of an upscaler",
	"2006-01-02 15:04 MST":                                 "a layout of a moment",
	"a lighthouse on a cliff at sunset":                    "an example of a prompt: models are used to English",
	"a red fox in the snow, photograph":                    "an example of a prompt",
	"a bowl of lemons on a blue table, oil painting":       "an example of a prompt",
	"a small wooden cabin by a mountain lake, morning fog": "an example of a prompt",
	"a boat":             "a prompt that only measures",
	"`/imagine prompt: ": "a command as it is typed",
	"stop one of them, reset the token, or give both the same PostgreSQL and Redis": "in the log",
	"how it ended": "in the log", "a private request would take too long": "in the log; people read its question",
}

// TestNoSentenceIsOutside finds texts for people that are in no catalogue, in the packages that speak to them.
func TestNoSentenceIsOutside(t *testing.T) {
	t.Parallel()
	said := spoken(t)
	for _, s := range readSource(t, "../message", "../interaction", "../delivery", "../admit", "../../render/request") {
		for _, f := range s.files {
			lookOutside(f, func(text string, shown bool) {
				_, known := said[text]
				if (shown || !known && !partOfSentence(said, text)) && allowed[text] == "" {
					t.Errorf("%s: %q goes past the catalogues", s.folder, text)
				}
			})
		}
	}
}

// partOfSentence tells whether a text is one of several that the source joins to a sentence.
func partOfSentence(said sentences, text string) bool {
	for whole := range said {
		if len(text) > 12 && strings.Contains(whole, text) {
			return true
		}
	}
	return false
}

// lookOutside calls found for each text that looks like a sentence, or is shown as it is.
func lookOutside(f *ast.File, found func(text string, shown bool)) {
	var skip []ast.Node
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec, *ast.Field: // and tags
			return false
		case *ast.CallExpr:
			name, _ := calledName(n)
			if notSaid[name] {
				return false
			}
			if name == "Count" && len(n.Args) > 2 { // the English of one: catalogues name the sentence by that of many
				ast.Inspect(n.Args[1], func(part ast.Node) bool { skip = append(skip, part); return true })
			}
		case *ast.KeyValueExpr:
			key, _ := n.Key.(*ast.Ident)
			text, isText := n.Value.(*ast.BasicLit)
			if key != nil && isText && text.Kind == token.STRING && slices.Contains(visibleFields, key.Name) {
				if value, err := strconv.Unquote(text.Value); err == nil && hasLetter.MatchString(value) {
					found(value, true)
				}
				skip = append(skip, text)
			}
		case *ast.BasicLit:
			value, err := strconv.Unquote(n.Value)
			if err == nil && n.Kind == token.STRING && sentence.MatchString(value) && !slices.Contains(skip, ast.Node(n)) {
				found(value, false)
			}
		}
		return true
	})
}

var hasLetter = regexp.MustCompile(`\p{L}`)
