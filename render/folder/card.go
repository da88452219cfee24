package folder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"darkroom/render/picture"
	"darkroom/render/request"
)

// CardFile is the card's name in a model folder.
const CardFile = "darkroom.json"

// A folder holds the part of a card that a model's maker writes.
type (
	// Card is the card of render/request.
	Card = request.Card
	// Defaults are the defaults of render/request.
	Defaults = request.Defaults
	// Size is a size of render/request.
	Size = request.Size
)

// readCard reads the card of a folder; a folder without one has the zero Card.
func readCard(dir string) (Card, error) { return readCardFile(filepath.Join(dir, CardFile)) }

func readCardFile(path string) (Card, error) {
	var c Card
	if err := readJSON(path, &c); errors.Is(err, os.ErrNotExist) {
		return Card{}, nil
	} else if err != nil {
		return Card{}, err
	}
	for _, s := range append(slices.Clone(c.Sizes), c.Defaults.Size, c.FewSteps.Size) {
		if s != (Size{}) && !validSize(s) {
			return Card{}, fmt.Errorf(
				"%s: size %d×%d, want multiples of %d up to %d", path, s.Width, s.Height, picture.SizeMultiple, picture.MaxSide,
			)
		}
	}
	return c.Authored(), nil
}

// CardName is the name on the card of a folder that need not be a model; "" for none.
func CardName(dir string) string {
	c, err := readCard(dir)
	if err != nil {
		return ""
	}
	return c.Name
}

// readCard reads the folder's card. Its name replaces that of the folder.
func (f *Model) readCard() (err error) {
	if f.Card, err = readCard(f.Dir); err == nil && f.Card.Name != "" {
		f.Name = f.Card.Name
	}
	return err
}

func validSize(s Size) bool {
	ok := func(side int) bool {
		return side >= picture.SizeMultiple && side <= picture.MaxSide && side%picture.SizeMultiple == 0
	}
	return ok(s.Width) && ok(s.Height)
}
