package clip

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the vocabulary
	"fmt"
	"io"
	"strings"
	"sync"
)

// standardMerges is merges.txt of CLIP's tokenizer, which all Stable Diffusion models share: the first 48,894 merges of
// bpe_simple_vocab_16e6.txt of https://github.com/openai/CLIP, as open_clip_torch ships it too (both MIT licence).
//
//go:embed merges.txt.gz
var standardMerges []byte

// standardVocabulary reads the vocabulary once.
var standardVocabulary = sync.OnceValues(readStandard)

// The special tokens of CLIP's vocabulary, and the token that fills a chunk of open_clip's models.
const (
	beginToken = "<|startoftext|>"
	endToken   = "<|endoftext|>"
	zeroToken  = "!"
)

// Standard returns the tokenizer of CLIP, for models whose files bring none. Chunks are filled with the end token, as
// Stable Diffusion 1 and SDXL's first text encoder read them, or with token 0, as open_clip's text encoders do. Every
// tokenizer that it returns shares one vocabulary.
func Standard(fillWithZero bool) (*Tokenizer, error) {
	vocab, err := standardVocabulary()
	if err != nil {
		return nil, fmt.Errorf("built-in tokenizer: %w", err)
	}
	t := &Tokenizer{vocabulary: vocab, Length: maxLength, exact: tokenFinder{}, normalized: tokenFinder{}}
	t.BOS, t.EOS = vocab.ids[beginToken], vocab.ids[endToken]
	if t.Pad = t.EOS; fillWithZero {
		t.Pad = vocab.ids[zeroToken]
	}
	// As the files special_tokens_map.json of Stable Diffusion have it: a token is found after normalization unless it is
	// also named as padding, which is found in a text as typed, even inside a word.
	t.normalized.add(addedToken{Content: beginToken, ID: t.BOS, Normalized: true})
	if fillWithZero {
		t.normalized.add(addedToken{Content: endToken, ID: t.EOS, Normalized: true})
		t.exact.add(addedToken{Content: zeroToken, ID: t.Pad})
	} else {
		t.exact.add(addedToken{Content: endToken, ID: t.EOS})
	}
	t.comma = vocab.word(",")[0]
	return t, nil
}

func readStandard() (*vocabulary, error) {
	z, err := gzip.NewReader(bytes.NewReader(standardMerges))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	v := &vocabulary{ids: map[string]int32{}, byteRunes: byteAlphabet(), cache: map[string][]int32{}}
	add := func(symbol string) { v.ids[symbol] = int32(len(v.ids)) }
	for _, end := range []string{"", wordEnd} {
		for _, letter := range v.letters() {
			add(string(letter) + end)
		}
	}
	_, lines, _ := strings.Cut(string(data), "\n") // after the version
	for line := range strings.Lines(lines) {
		add(strings.Replace(strings.TrimSpace(line), " ", "", 1))
	}
	add(beginToken)
	add(endToken)
	v.unknown = v.ids[endToken]
	v.merges, err = readMerges(data, v.ids)
	return v, err
}

// letters lists the characters of all bytes in the vocabulary's order: those that stand for themselves come first.
func (b *vocabulary) letters() []rune {
	var own, moved []rune
	for i, r := range b.byteRunes {
		if int(r) == i {
			own = append(own, r)
		} else {
			moved = append(moved, r)
		}
	}
	return append(own, moved...)
}
