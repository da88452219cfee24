package clip

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"
)

// wordEnd marks a symbol that ends a word.
const wordEnd = "</w>"

// readVocabulary reads vocab.json: a JSON object from symbol to id.
func readVocabulary(fsys fs.FS) (map[string]int32, error) {
	data, err := fs.ReadFile(fsys, "vocab.json")
	if err != nil {
		return nil, fmt.Errorf("read vocab.json: %w", err)
	}
	var ids map[string]int32
	if err := json.Unmarshal(data, &ids); err != nil {
		return nil, fmt.Errorf("read vocab.json: want an object from symbol to id: %w", err)
	}
	if len(ids) == 0 {
		return nil, errors.New("read vocab.json: it holds no symbols")
	}
	for s, id := range ids {
		if id < 0 {
			return nil, fmt.Errorf("read vocab.json: %q has the id %d", s, id)
		}
	}
	return ids, nil
}

// readMerges reads merges.txt: a header line that begins "#version", then one merge in a line, two symbols with a space
// between, best first. Every symbol and what it merges to must be in the vocabulary.
func readMerges(fsys fs.FS, ids map[string]int32) (map[pair]rule, error) {
	data, err := fs.ReadFile(fsys, "merges.txt")
	if err != nil {
		return nil, fmt.Errorf("read merges.txt: %w", err)
	}
	merges := map[pair]rule{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimRight(lines.Text(), "\r")
		if line == "" || strings.HasPrefix(line, "#version") {
			continue
		}
		p, id, err := readMerge(line, ids)
		if err != nil {
			return nil, fmt.Errorf("read merges.txt: line %d: %w", n, err)
		}
		merges[p] = rule{rank: n, id: id}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read merges.txt: %w", err)
	}
	return merges, nil
}

func readMerge(line string, ids map[string]int32) (pair, int32, error) {
	left, right, ok := strings.Cut(line, " ")
	if !ok || left == "" || right == "" || strings.Contains(right, " ") {
		return pair{}, 0, fmt.Errorf("%.40q: want two symbols with a space between", line)
	}
	var found [3]int32
	for i, s := range []string{left, right, left + right} {
		id, ok := ids[s]
		if !ok {
			return pair{}, 0, fmt.Errorf("%.40q: %.40q is not in vocab.json", line, s)
		}
		found[i] = id
	}
	return pair{found[0], found[1]}, found[2], nil
}

// settings are what the optional files of a tokenizer folder say about its special tokens and length.
type settings struct {
	BOS    special `json:"bos_token"`
	EOS    special `json:"eos_token"`
	Unk    special `json:"unk_token"`
	Pad    special `json:"pad_token"`
	Length float64 `json:"model_max_length"` // a float: some repositories write 1e30
}

// special is a token written as a string or as an object with its content.
type special string

// UnmarshalJSON reads either form; null leaves the default.
func (s *special) UnmarshalJSON(data []byte) error {
	var object struct{ Content *string }
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		if err := json.Unmarshal(data, &object); err != nil {
			return fmt.Errorf("want a token as a string or an object with content, got %.40s", data)
		}
		text = object.Content
	}
	if text != nil {
		*s = special(*text)
	}
	return nil
}

// readSettings reads tokenizer_config.json, then special_tokens_map.json, which has the last word; both may be missing.
func readSettings(fsys fs.FS) (settings, error) {
	s := settings{BOS: "<|startoftext|>", EOS: "<|endoftext|>", Unk: "<|endoftext|>", Pad: "<|endoftext|>", Length: MaxLength}
	for _, name := range []string{"tokenizer_config.json", "special_tokens_map.json"} {
		data, err := fs.ReadFile(fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return s, fmt.Errorf("read %s: %w", name, err)
		}
		if err := json.Unmarshal(data, &s); err != nil {
			return s, fmt.Errorf("read %s: %w", name, err)
		}
	}
	if math.IsNaN(s.Length) || s.Length > MaxLength {
		s.Length = MaxLength
	}
	if s.Length < 3 {
		return s, fmt.Errorf("read tokenizer_config.json: model_max_length %v leaves no room for a word", s.Length)
	}
	return s, nil
}
