package addon

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
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

// Read returns what is known of an add-on of a kind before it is used: of a LoRA by its header alone. Hash and Short
// are those of Hashes, which reads the whole file; Read leaves Hash empty, and sets Short where a LoRA's metadata has
// it.
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
	if hash := m["sshs_model_hash"]; len(hash) >= shortDigits && isHex(hash) {
		card.Short = hash[:shortDigits]
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

// shortDigits is how many digits of a hash A1111 shows of a LoRA and of an embedding.
const shortDigits = 12

// Hashes reads a file once and returns its SHA-256, and the short hash that A1111 writes into the parameters of images:
// of a LoRA in safetensors the SHA-256 of what follows the header, of everything else that of the file.
func Hashes(kind, path string) (whole, short string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	all, tensors := sha256.New(), sha256.New()
	head := make([]byte, 8)
	if n, err := io.ReadFull(f, head); err != nil {
		head = head[:n]
	}
	all.Write(head)
	body := io.TeeReader(f, all)
	withHeader := kind == picture.LoRA && strings.EqualFold(filepath.Ext(path), ".safetensors") && len(head) == 8
	if withHeader {
		n := binary.LittleEndian.Uint64(head)
		if _, err := io.CopyN(io.Discard, body, int64(min(n, 1<<62))); err != nil && !errors.Is(err, io.EOF) {
			return "", "", err
		}
	}
	if _, err := io.Copy(tensors, body); err != nil {
		return "", "", err
	}
	whole = hex.EncodeToString(all.Sum(nil))
	if withHeader {
		return whole, hex.EncodeToString(tensors.Sum(nil))[:shortDigits], nil
	}
	return whole, whole[:shortDigits], nil
}
