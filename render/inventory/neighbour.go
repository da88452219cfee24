package inventory

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"darkroom/render/folder"
	"darkroom/render/request"
)

// What lies beside a file NAME.safetensors.
const (
	cardSuffix    = ".json"         // our card, or A1111's user metadata
	civitaiSuffix = ".civitai.info" // what download helpers save of Civitai's page
)

// maxNotes is how much of a neighbour is read, in bytes.
const maxNotes = 1 << 20

// Notes is what lies beside a file about it.
type Notes struct {
	Card     request.Card // what a model's card says, of NAME.json; see request.Card.Authored
	Triggers []string     // words that it was trained with: A1111's "activation text", else Civitai's trainedWords
	Strength float64      // A1111's "preferred weight"; 0 for none
	NSFW     bool         // so marked by "nsfw" in NAME.json, else by Civitai
	SHA256   string       // of the file, as Civitai has it; "" where it does not say
}

// maxTriggers and maxTriggerBytes bound what is told of trigger words.
const (
	maxTriggers     = 8
	maxTriggerBytes = 100
)

// ReadNotes reads what lies beside a file. A neighbour that cannot be read gives an error, and the notes hold the rest.
func ReadNotes(path string) (n Notes, err error) {
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	if err := n.readCivitai(stem+civitaiSuffix, filepath.Base(path)); err != nil {
		return n, err
	}
	return n, n.readCard(stem + cardSuffix)
}

// CardName is the name on a model's card, "" for none.
func (i Item) CardName() string {
	if i.Kind == Folder {
		return folder.CardName(i.Path)
	}
	notes, _ := ReadNotes(i.Path) // whoever opens it hears the error
	return notes.Card.Name
}

func (n *Notes) readCivitai(path, file string) error {
	var info struct {
		TrainedWords []string `json:"trainedWords"`
		NSFW         bool     `json:"nsfw"`
		Model        struct {
			NSFW bool `json:"nsfw"`
		} `json:"model"`
		Files []struct {
			Name   string `json:"name"`
			Hashes struct {
				SHA256 string `json:"SHA256"`
			} `json:"hashes"`
		} `json:"files"`
	}
	if err := readNeighbour(path, &info); err != nil {
		return err
	}
	n.Triggers = cleanTriggers(info.TrainedWords)
	n.NSFW = info.NSFW || info.Model.NSFW
	for _, f := range info.Files {
		if f.Name == file || len(info.Files) == 1 {
			n.SHA256 = strings.ToLower(f.Hashes.SHA256)
		}
	}
	return nil
}

func (n *Notes) readCard(path string) error {
	var extra struct {
		ActivationText  string  `json:"activation text"`
		PreferredWeight float64 `json:"preferred weight"`
		NSFW            *bool   `json:"nsfw"`
	}
	if err := readNeighbour(path, &extra); err != nil {
		return err
	}
	if words := cleanTriggers([]string{extra.ActivationText}); len(words) > 0 {
		n.Triggers = words
	}
	if extra.NSFW != nil {
		n.NSFW = *extra.NSFW
	}
	n.Strength = extra.PreferredWeight
	var card request.Card
	if err := readNeighbour(path, &card); err != nil {
		return err
	}
	n.Card = card.Authored()
	return nil
}

// readNeighbour reads a JSON file that need not be there.
func readNeighbour(path string, into any) error {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxNotes))
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(string(data), "\ufeff")), into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// cleanTriggers splits lists of words at their commas, and leaves out what cannot be shown.
func cleanTriggers(lists []string) (words []string) {
	for _, list := range lists {
		for word := range strings.SplitSeq(list, ",") {
			word = strings.Join(strings.Fields(strings.Map(printable, word)), " ")
			if word != "" && len(word) <= maxTriggerBytes && len(words) < maxTriggers {
				words = append(words, word)
			}
		}
	}
	return words
}

// printable makes a space of what cannot be printed.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return ' '
}
