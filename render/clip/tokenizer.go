package clip

import (
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"darkroom/render/prompt"
)

// MaxLength is how many tokens a CLIP text encoder reads at once, begin and end included.
const MaxLength = 77

// Tokenizer is CLIP's byte-pair tokenizer for one vocabulary, equal to Hugging Face's fast CLIPTokenizer. It may be used
// from several goroutines.
type Tokenizer struct {
	BOS, EOS, Pad int32 // begin, end and filler
	Length        int   // tokens in a chunk with BOS and EOS, at most MaxLength

	unknown int32
	comma   int32
	ids     map[string]int32
	merges  map[pair]rule
	special []literal
	letters [256]rune

	mu    sync.Mutex
	cache map[string][]int32 // ids of short words
}

// literal is a special token that is recognised when written out in a text, as it stands and before any clean-up.
type literal struct {
	text string
	id   int32
}

// OpenTokenizer reads a tokenizer folder: vocab.json and merges.txt, and if they are there tokenizer_config.json and
// special_tokens_map.json. An error names the file that is missing or broken.
func OpenTokenizer(fsys fs.FS) (*Tokenizer, error) {
	ids, err := readVocabulary(fsys)
	if err != nil {
		return nil, err
	}
	merges, err := readMerges(fsys, ids)
	if err != nil {
		return nil, err
	}
	s, err := readSettings(fsys)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{ids: ids, merges: merges, Length: int(s.Length), letters: alphabet(), cache: map[string][]int32{}}
	if err := t.setSpecial(s); err != nil {
		return nil, err
	}
	t.comma = -1
	if comma := t.Encode(","); len(comma) == 1 && comma[0] != t.unknown {
		t.comma = comma[0]
	}
	return t, nil
}

// setSpecial looks the special tokens up.
func (t *Tokenizer) setSpecial(s settings) error {
	for _, token := range []struct {
		text special
		to   *int32
	}{{s.BOS, &t.BOS}, {s.EOS, &t.EOS}, {s.Unk, &t.unknown}, {s.Pad, &t.Pad}} {
		id, ok := t.ids[string(token.text)]
		if !ok || token.text == "" {
			return fmt.Errorf("read vocab.json: the special token %.40q is not in it", token.text)
		}
		*token.to = id
		t.special = append(t.special, literal{string(token.text), id})
	}
	return nil
}

// Frame is what prompt.Chunks must know of this tokenizer.
func (t *Tokenizer) Frame() prompt.Frame {
	return prompt.Frame{BOS: t.BOS, EOS: t.EOS, Pad: t.Pad, Comma: t.comma, Length: t.Length}
}

// Encode returns the ids of a text of any length, without BOS and EOS.
func (t *Tokenizer) Encode(text string) []int32 {
	var out []int32
	for text != "" {
		plain, id, rest, found := t.cutSpecial(text)
		out = t.appendWords(out, clean(plain))
		if found {
			out = append(out, id)
		}
		text = rest
	}
	return out
}

// cutSpecial cuts text at the first special token written out in it; of two that start together the longer one counts.
func (t *Tokenizer) cutSpecial(text string) (plain string, id int32, rest string, found bool) {
	at, length := len(text), 0
	for _, s := range t.special {
		i := strings.Index(text[:min(len(text), at+len(s.text))], s.text)
		if i >= 0 && (i < at || i == at && len(s.text) > length) {
			at, length, id = i, len(s.text), s.id
		}
	}
	return text[:at], id, text[at+length:], length > 0
}

// appendWords appends the ids of clean text.
func (t *Tokenizer) appendWords(out []int32, text string) []int32 {
	for {
		w, rest := word(text)
		if w == "" {
			return out
		}
		out = append(out, t.word(w)...)
		text = rest
	}
}

// What is kept of words: as many as a long prompt has, and none so long that it will hardly come again.
const (
	maxCached     = 4096 // words
	maxCachedWord = 64   // bytes
)

// word returns the ids of one pre-token. The result must not be changed.
func (t *Tokenizer) word(w string) []int32 {
	if len(w) > maxCachedWord {
		return t.encodeWord(w)
	}
	t.mu.Lock()
	ids, ok := t.cache[w]
	t.mu.Unlock()
	if ok {
		return ids
	}
	ids = t.encodeWord(w)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.cache) >= maxCached {
		clear(t.cache)
	}
	t.cache[strings.Clone(w)] = ids
	return ids
}

// encodeWord makes a symbol of each byte, the last one marked as the word's end, and merges them.
func (t *Tokenizer) encodeWord(w string) []int32 {
	ids := make([]int32, len(w))
	for i := range len(w) {
		s := string(t.letters[w[i]])
		if i == len(w)-1 {
			s += wordEnd
		}
		id, ok := t.ids[s]
		if !ok {
			id = t.unknown
		}
		ids[i] = id
	}
	return merge(ids, t.merges)
}
