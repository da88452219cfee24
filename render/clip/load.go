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

// readVocabularyFiles reads the vocabulary and its merges: from vocab.json and merges.txt, or when neither is there
// from tokenizer.json, the only file of folders that Hugging Face's fast tokenizers save. alone says that it was that.
func readVocabularyFiles(fsys fs.FS) (ids map[string]int32, rules map[pair]mergeRule, alone bool, err error) {
	vocab, merges, alone, err := readTokenizerJSON(fsys)
	if err != nil {
		return nil, nil, false, err
	}
	if !alone {
		if vocab, err = readText(fsys, "vocab.json"); err != nil {
			return nil, nil, false, fmt.Errorf("read vocab.json: %w", err)
		}
		if merges, err = readText(fsys, "merges.txt"); err != nil {
			return nil, nil, false, fmt.Errorf("read merges.txt: %w", err)
		}
	}
	if ids, err = readVocabulary(vocab); err != nil {
		return nil, nil, false, err
	}
	rules, err = readMerges(merges, ids)
	return ids, rules, alone, err
}

// readText reads a text file without the mark of UTF-8 that some editors put first.
func readText(fsys fs.FS, name string) ([]byte, error) {
	data, err := fs.ReadFile(fsys, name)
	return bytes.TrimPrefix(data, []byte("\ufeff")), err
}

// readTokenizerJSON returns what tokenizer.json holds in the form of vocab.json and merges.txt, or ok false when one of
// those exists or it does not.
func readTokenizerJSON(fsys fs.FS) (vocab, merges []byte, ok bool, err error) {
	for _, name := range []string{"vocab.json", "merges.txt"} {
		if _, err := fs.Stat(fsys, name); err == nil {
			return nil, nil, false, nil
		}
	}
	var whole struct {
		Model *struct {
			Vocab  json.RawMessage
			Merges []mergeLine
		}
	}
	if err := readOptional(fsys, "tokenizer.json", &whole); err != nil || whole.Model == nil {
		return nil, nil, false, err
	}
	var text bytes.Buffer
	for _, m := range whole.Model.Merges {
		fmt.Fprintln(&text, string(m))
	}
	return whole.Model.Vocab, text.Bytes(), true, nil
}

// mergeLine is a line of merges.txt. tokenizer.json has it as such or, since recently, as a list of the two symbols.
type mergeLine string

// UnmarshalJSON reads either form.
func (m *mergeLine) UnmarshalJSON(data []byte) error {
	var two []string
	if err := json.Unmarshal(data, &two); err != nil {
		return json.Unmarshal(data, (*string)(m))
	}
	*m = mergeLine(strings.Join(two, " "))
	return nil
}

// readVocabulary reads vocab.json: a JSON object from symbol to id.
func readVocabulary(data []byte) (map[string]int32, error) {
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
func readMerges(data []byte, ids map[string]int32) (map[pair]mergeRule, error) {
	merges := map[pair]mergeRule{}
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
		merges[p] = mergeRule{rank: n, id: id}
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
	BOS    addedToken `json:"bos_token"`
	EOS    addedToken `json:"eos_token"`
	Unk    addedToken `json:"unk_token"`
	Pad    addedToken `json:"pad_token"`
	Length float64    `json:"model_max_length"` // a float: some repositories write 1e30

	// Listed has all added tokens, including the special ones; nil for no list.
	Listed map[string]json.RawMessage `json:"added_tokens_decoder"`
}

// readSettings reads tokenizer_config.json, then special_tokens_map.json, which overrides it unless the former lists
// added tokens: then it is ignored, as in Hugging Face's tokenizer. Both may be missing.
func readSettings(fsys fs.FS) (settings, error) {
	s := settings{Length: maxLength}
	const begin, end = "<|startoftext|>", "<|endoftext|>"
	s.BOS.Content, s.EOS.Content, s.Unk.Content, s.Pad.Content = begin, end, end, end
	for _, name := range []string{"tokenizer_config.json", "special_tokens_map.json"} {
		if s.Listed != nil {
			break
		}
		if err := readOptional(fsys, name, &s); err != nil {
			return s, err
		}
	}
	if math.IsNaN(s.Length) || s.Length > maxLength {
		s.Length = maxLength
	}
	if s.Length < 3 {
		return s, fmt.Errorf("read tokenizer_config.json: model_max_length %v leaves no room for a word", s.Length)
	}
	return s, nil
}
