package folder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"darkroom/render/picture"
)

// CardFile is the card's name in a model folder.
const CardFile = "darkroom.json"

// Card is what a model's maker says of it, for people: an optional file of darkroom's own in the model folder. It
// does not decide a picture, so it is not part of the folder's hash.
type Card struct {
	Name        string              `json:"name,omitempty"`
	Description string              `json:"description,omitempty"`
	Words       map[string][]string `json:"words,omitempty"`    // by kind; the words a small model knows. Empty: any
	Sizes       []Size              `json:"sizes,omitempty"`    // the sizes it was trained for. Empty: any
	Defaults    Defaults            `json:"defaults,omitzero"`  // where a person asked for nothing else
	FewSteps    Defaults            `json:"few_steps,omitzero"` // for who is in a hurry, in place of Defaults where it says something
	Dialect     string              `json:"dialect,omitempty"`  // whose conventions it is painted by, "diffusers" or "a1111". Empty: diffusers
	Examples    []string            `json:"examples,omitempty"` // prompts that it paints well
}

// Size is a picture's size in pixels.
type Size struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

// Defaults are the settings that suit a model. Zero fields leave the choice to the program.
type Defaults struct {
	Size
	Steps         int     `json:"steps,omitempty"`
	GuidanceScale float64 `json:"guidance,omitempty"`
	Sampler       string  `json:"sampler,omitempty"`
	Negative      string  `json:"negative,omitempty"`
}

// Vocabulary lists the single words that the card's words are made of, sorted, in lower case; none means any word.
func (c Card) Vocabulary() []string {
	var all []string
	for _, words := range c.Words {
		for _, w := range words {
			all = append(all, strings.Fields(strings.ToLower(w))...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// readCard reads the card of a folder; a folder without one has the zero Card.
func readCard(dir string) (Card, error) {
	path := filepath.Join(dir, CardFile)
	var c Card
	if err := readJSON(path, &c); errors.Is(err, os.ErrNotExist) {
		return Card{}, nil
	} else if err != nil {
		return Card{}, err
	}
	for _, s := range append(slices.Clone(c.Sizes), c.Defaults.Size, c.FewSteps.Size) {
		if s != (Size{}) && !s.valid() {
			return Card{}, fmt.Errorf("%s: size %d×%d, want multiples of %d up to %d", path, s.Width, s.Height, picture.SizeMultiple, picture.MaxSide)
		}
	}
	return c, nil
}

// readCard reads the folder's card, whose name goes before the folder's.
func (f *Folder) readCard() (err error) {
	if f.Card, err = readCard(f.Dir); err == nil && f.Card.Name != "" {
		f.Name = f.Card.Name
	}
	return err
}

func (s Size) valid() bool {
	ok := func(side int) bool {
		return side >= picture.SizeMultiple && side <= picture.MaxSide && side%picture.SizeMultiple == 0
	}
	return ok(s.Width) && ok(s.Height)
}
