package clip

import (
	"encoding/json"
	"fmt"
	"io/fs"

	"darkroom/render/prompt"
)

// maxLength is how many tokens a CLIP text encoder reads at once, begin and end included.
const maxLength = 77

// Tokenizer is CLIP's byte-pair tokenizer for one vocabulary, equal to Hugging Face's fast CLIPTokenizer. It may be
// used from several goroutines.
type Tokenizer struct {
	BOS, EOS, Pad int32 // begin, end and padding
	Length        int   // tokens in a chunk with BOS and EOS, at most maxLength

	*vocabulary
	comma      int32
	exact      tokenFinder // tokens found in a text as typed
	normalized tokenFinder // tokens found after normalization

	words []Word // see WithWords
	found map[int32][]wordIDs
}

// OpenTokenizer reads a tokenizer folder: vocab.json and merges.txt, or else the tokenizer.json that has both, and if
// they are there added_tokens.json, tokenizer_config.json and special_tokens_map.json. An error names the file that is
// missing or broken.
func OpenTokenizer(fsys fs.FS) (*Tokenizer, error) {
	ids, merges, alone, err := readVocabularyFiles(fsys)
	if err != nil {
		return nil, err
	}
	more, err := readAdded(fsys, ids)
	if err != nil {
		return nil, err
	}
	s, err := readSettings(fsys)
	if err != nil {
		return nil, err
	}
	if alone && s.Listed == nil {
		s.Listed = map[string]json.RawMessage{} // tokenizer.json lists the added tokens
	}
	vocab := &vocabulary{ids: ids, merges: merges, byteRunes: byteAlphabet(), cache: map[string][]int32{}}
	t := &Tokenizer{vocabulary: vocab, Length: int(s.Length), exact: tokenFinder{}, normalized: tokenFinder{}}
	if err := t.setSpecial(s, more); err != nil {
		return nil, err
	}
	t.comma = -1
	if comma := t.Encode(","); len(comma) == 1 && comma[0] != t.unknown {
		t.comma = comma[0]
	}
	return t, nil
}

// setSpecial finds the special tokens and registers all added ones. A special token that is named more than once is
// found after normalization only if all its entries say so; where added tokens are listed, only if the list says so.
func (t *Tokenizer) setSpecial(s settings, more []addedToken) error {
	known := map[string]addedToken{}
	for _, a := range more {
		t.ids[a.Content], known[a.Content] = a.ID, a
	}
	special := map[string]addedToken{}
	for _, token := range []struct {
		as addedToken
		to *int32
	}{{s.BOS, &t.BOS}, {s.EOS, &t.EOS}, {s.Unk, &t.unknown}, {s.Pad, &t.Pad}} {
		a, named := token.as, token.as.Content
		id, ok := t.ids[named]
		if !ok || named == "" {
			return fmt.Errorf("read vocab.json: the special token %.40q is not in it", named)
		}
		if s.Listed != nil {
			a = known[named]
			a.Content = named
		}
		*token.to, a.ID = id, id
		if was, there := special[named]; there {
			a.Normalized = a.Normalized && was.Normalized
		}
		special[named] = a
	}
	for _, a := range more {
		if _, there := special[a.Content]; !there {
			special[a.Content] = a
		}
	}
	for _, a := range special {
		if !a.Normalized {
			t.exact.add(a)
		} else if a.Content = normalize(a.Content); a.Content != "" {
			t.normalized.add(a)
		}
	}
	return nil
}

// ChunkFormat is what prompt.Chunks must know of this tokenizer.
func (t *Tokenizer) ChunkFormat() prompt.ChunkFormat {
	return prompt.ChunkFormat{BOS: t.BOS, EOS: t.EOS, Pad: t.Pad, Comma: t.comma, Length: t.Length}
}

// Encode returns the ids of a text of any length, without BOS and EOS.
func (t *Tokenizer) Encode(text string) []int32 {
	var out []int32
	eachToken(t.exact, text, func(plain string, id int32, found bool) {
		eachToken(t.normalized, normalize(plain), func(words string, id int32, found bool) {
			if out = t.appendWords(out, words); found {
				out = append(out, id)
			}
		})
		if found {
			out = append(out, id)
		}
	})
	return out
}

// eachToken calls do for the text before each found token, and for the rest.
func eachToken(f tokenFinder, text string, do func(plain string, id int32, found bool)) {
	for text != "" {
		plain, id, rest, found := f.cut(text)
		do(plain, id, found)
		text = rest
	}
}

// appendWords appends the ids of normalized text.
func (t *Tokenizer) appendWords(out []int32, text string) []int32 {
	for {
		w, rest := nextWord(text)
		if w == "" {
			return out
		}
		out = append(out, t.word(w)...)
		text = rest
	}
}
