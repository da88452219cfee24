package addon

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"darkroom/render/addon/embedding"
	"darkroom/render/addon/hypernet"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// maxTriggers is how many trigger words a card has, each of at most maxTrigger characters.
const (
	maxTriggers = 8
	maxTrigger  = 60
)

// Read returns what is known of an add-on of a kind before it is used: of a LoRA by its header alone. Hash stays
// empty, since it takes the whole file; Short is set where a LoRA's metadata has it.
func Read(kind, path string) (request.AddonCard, error) {
	card := request.AddonCard{Kind: kind, Name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))}
	switch kind {
	case picture.LoRA:
		l, err := OpenLoRA(path, card.Name, "")
		if err != nil {
			return card, err
		}
		l.describe(&card)
	case picture.Embedding:
		e, err := embedding.Open(path)
		if err != nil {
			return card, refuse("“%s” is no embedding: %s", shorten(card.Name), shorten(err.Error()))
		}
		card.Families, card.TextWidths = e.Families(), []int{e.TextWidth()}
	case picture.Hypernet:
		n, err := hypernet.Open(path)
		if err != nil {
			return card, refuse("“%s” is no hypernetwork: %s", shorten(card.Name), shorten(err.Error()))
		}
		card.Families, card.TextWidths = n.Families(), n.TextWidths()
	default:
		return card, fmt.Errorf("an add-on of the kind %q", kind)
	}
	return card, nil
}

// describe adds what the header says.
func (l *LoRA) describe(card *request.AddonCard) {
	m := l.file.Metadata
	alias := strings.TrimSpace(m["ss_output_name"])
	if alias != card.Name && shorten(alias) == alias && utf8.RuneCountInString(alias) <= maxTrigger {
		card.Alias = alias
	}
	card.Families = l.Families()
	if width := l.textWidth(); width > 0 {
		card.TextWidths = []int{width}
	}
	card.Triggers = triggers(m)
	if hash := m["sshs_model_hash"]; len(hash) >= picture.ShortHashDigits && isHex(hash) {
		card.Short = hash[:picture.ShortHashDigits]
	}
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}

// folderName is how kohya's scripts name a folder of training images: repeats, underscore, words.
var folderName = regexp.MustCompile(`^\d+_(.+)$`)

// triggers are the words that a LoRA was trained with: what its author says, then the tags of its training images, most
// used first, or else the words that the folders of images are named by.
func triggers(metadata map[string]string) []string {
	var found []string
	add := func(word string) {
		word = strings.Join(strings.Fields(shorten(word)), " ")
		if word != "" && utf8.RuneCountInString(word) <= maxTrigger && len(found) < maxTriggers &&
			!slices.Contains(found, word) {
			found = append(found, word)
		}
	}
	for phrase := range strings.SplitSeq(metadata["modelspec.trigger_phrase"], ",") {
		add(phrase)
	}
	var frequency map[string]map[string]float64
	if json.Unmarshal([]byte(metadata["ss_tag_frequency"]), &frequency) != nil {
		return found
	}
	counts := map[string]float64{}
	for _, tags := range frequency {
		for tag, n := range tags {
			counts[strings.TrimSpace(tag)] += n
		}
	}
	byUse := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for _, tag := range byUse {
		add(tag)
	}
	if len(counts) == 0 {
		for _, folder := range slices.Sorted(maps.Keys(frequency)) {
			if m := folderName.FindStringSubmatch(folder); m != nil {
				add(m[1])
			}
		}
	}
	return found
}
