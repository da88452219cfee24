package clip

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// addedToken is a token that is found in a text as a whole, before the text is split into words: a special one, or one
// that was added to a vocabulary.
type addedToken struct {
	Content     string `json:"content"`
	Normalized  bool   `json:"normalized"`  // found after normalization, so in any case; else in the text as typed
	SingleWord  bool   `json:"single_word"` // only where no letter or digit touches it
	ID          int32  `json:"id"`
	AtWordStart bool   `json:"-"` // only where a word begins: not directly after a sign
}

// UnmarshalJSON reads a token written as text or as an object; null changes nothing.
func (a *addedToken) UnmarshalJSON(data []byte) error {
	var text *string
	if json.Unmarshal(data, &text) == nil {
		if text != nil {
			*a = addedToken{Content: *text}
		}
		return nil
	}
	type object addedToken
	if err := json.Unmarshal(data, (*object)(a)); err != nil {
		return fmt.Errorf("want a token as a string or an object with content, got %.40s", data)
	}
	return nil
}

// readAdded reads the tokens that were added to a vocabulary, from the places where folders have them; later ones win:
// tokenizer.json, added_tokens.json, tokenizer_config.json and special_tokens_map.json.
func readAdded(fsys fs.FS, vocabulary map[string]int32) ([]addedToken, error) {
	var whole struct {
		Added []addedToken `json:"added_tokens"`
	}
	var plain map[string]int32
	var config struct {
		Decoder map[string]addedToken `json:"added_tokens_decoder"`
	}
	var special struct {
		More []addedToken `json:"additional_special_tokens"`
	}
	for name, into := range map[string]any{
		"tokenizer.json": &whole, "added_tokens.json": &plain,
		"tokenizer_config.json": &config, "special_tokens_map.json": &special,
	} {
		if err := readOptional(fsys, name, into); err != nil {
			return nil, err
		}
	}
	all := whole.Added
	for content, id := range plain {
		all = append(all, addedToken{Content: content, ID: id, Normalized: true})
	}
	for id, a := range config.Decoder {
		n, err := strconv.ParseInt(id, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("read tokenizer_config.json: added token %.40q has the id %.40q", a.Content, id)
		}
		a.ID = int32(n)
		all = append(all, a)
	}
	for _, a := range special.More {
		a.ID = idOf(a.Content, vocabulary, all)
		all = append(all, a)
	}
	return dedupe(all)
}

// idOf is the id of a token that is named without one: its own, or the next free one.
func idOf(content string, vocabulary map[string]int32, all []addedToken) int32 {
	if id, ok := vocabulary[content]; ok {
		return id
	}
	next := int32(len(vocabulary))
	for _, a := range all {
		if a.Content == content {
			return a.ID
		}
		next = max(next, a.ID+1)
	}
	return next
}

// dedupe keeps the last of the tokens that are written alike.
func dedupe(all []addedToken) ([]addedToken, error) {
	last := map[string]addedToken{}
	for _, a := range all {
		if a.Content == "" || a.ID < 0 {
			return nil, fmt.Errorf("read added tokens: %.40q has the id %d", a.Content, a.ID)
		}
		last[a.Content] = a
	}
	return slices.SortedFunc(maps.Values(last), func(a, b addedToken) int { return cmp.Compare(a.ID, b.ID) }), nil
}

// readOptional reads a JSON file that may be missing.
func readOptional(fsys fs.FS, name string, into any) error {
	data, err := readText(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// tokenFinder finds tokens in a text, by their first byte and the longest first.
type tokenFinder map[byte][]addedToken

func (f tokenFinder) add(a addedToken) {
	first := a.Content[0]
	f[first] = append(f[first], a)
	slices.SortStableFunc(f[first], func(a, b addedToken) int { return len(b.Content) - len(a.Content) })
}

// cut cuts text at the first token in it; of two that start together it takes the longer one. Its time is proportional
// to what it skips.
func (f tokenFinder) cut(text string) (before string, id int32, rest string, found bool) {
	for at := 0; at < len(text); at++ {
		for _, a := range f[text[at]] {
			if !strings.HasPrefix(text[at:], a.Content) {
				continue
			}
			end := at + len(a.Content)
			if (!a.SingleWord || standsAlone(text, at, end)) && (!a.AtWordStart || startsWord(text, at)) {
				return text[:at], a.ID, text[end:], true
			}
			at = end - 1 // the found token is skipped as a whole
			break
		}
	}
	return text, 0, "", false
}

// startsWord reports whether a word of signs can begin at a place: there is no other sign before it.
func startsWord(text string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	return at == 0 || !isOther(before)
}

// standsAlone reports whether text[from:to] touches no letter, mark, digit, underscore or joiner.
func standsAlone(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	return (from == 0 || !isWordRune(before)) && (to == len(text) || !isWordRune(after))
}

func isWordRune(r rune) bool {
	return isLetter(r) || unicode.In(r, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Join_Control)
}
