package request

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Words are all that a model knows. A card may sort them into groups; here they are one list.
type Words []string

// UnmarshalJSON reads a list of words, or an object of such lists.
func (w *Words) UnmarshalJSON(data []byte) error {
	var flat []string
	if json.Unmarshal(data, &flat) == nil {
		*w = flat
		return nil
	}
	var groups map[string][]string
	if err := json.Unmarshal(data, &groups); err != nil {
		return fmt.Errorf("words: want a list, or lists by name: %w", err)
	}
	*w = nil
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		*w = append(*w, groups[name]...)
	}
	return nil
}

// WordGroup is words of one kind, such as subjects or colours.
type WordGroup struct {
	Name  string   `json:"name"`
	Words []string `json:"words"`
}

// otherWords is the group of words that are worth nothing to look at: small words, and other words for the same.
const otherWords = "other"

// UnmarshalJSON reads a card. Words that are sorted into groups are also kept as groups, in the order of the card.
func (c *Card) UnmarshalJSON(data []byte) error {
	type plain Card // without this method
	if err := json.Unmarshal(data, (*plain)(c)); err != nil {
		return err
	}
	var raw struct {
		Words json.RawMessage `json:"words"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	if words := bytes.TrimSpace(raw.Words); len(words) > 0 && words[0] == '{' {
		return c.readGroups(words)
	}
	return nil
}

// readGroups reads an object of lists in its order, which a map would not keep.
func (c *Card) readGroups(object []byte) error {
	c.Groups = nil
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil { // its brace
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		g := WordGroup{Name: fmt.Sprint(name)}
		if err := d.Decode(&g.Words); err != nil {
			return err
		}
		if g.Name != otherWords {
			c.Groups = append(c.Groups, g)
		}
	}
	return nil
}

// WordGroups returns the words by kind. A card that does not sort its words has one group of them all.
func (c Card) WordGroups() []WordGroup {
	if len(c.Groups) == 0 && len(c.Words) > 0 {
		return []WordGroup{{Name: "words", Words: c.Words}}
	}
	return c.Groups
}

// Vocabulary lists the single words that the card's words are made of, sorted, in lower case; none means any word.
func (c Card) Vocabulary() []string {
	var all []string
	for _, w := range c.Words {
		all = append(all, strings.Fields(strings.ToLower(w))...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
