package clip

import (
	"maps"
	"strings"
	"sync"
)

// vocabulary is a vocabulary and its merges. Several tokenizers may read from one.
type vocabulary struct {
	ids       map[string]int32
	merges    map[pair]mergeRule
	unknown   int32
	byteRunes [256]rune

	mu    sync.Mutex
	cache map[string][]int32 // ids of short words
}

// same says whether both make the same ids of every word.
func (b *vocabulary) same(o *vocabulary) bool {
	return b.unknown == o.unknown && maps.Equal(b.ids, o.ids) && maps.Equal(b.merges, o.merges)
}

// The limits of the word cache: as many words as a long prompt has, and none so long that it will hardly be used again.
const (
	maxCachedWords = 4096 // words
	maxCachedBytes = 64   // bytes
)

// word returns the ids of one pre-token. The result must not be changed.
func (b *vocabulary) word(w string) []int32 {
	if len(w) > maxCachedBytes {
		return b.encodeWord(w)
	}
	b.mu.Lock()
	ids, ok := b.cache[w]
	b.mu.Unlock()
	if ok {
		return ids
	}
	ids = b.encodeWord(w)
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.cache) >= maxCachedWords {
		clear(b.cache)
	}
	b.cache[strings.Clone(w)] = ids
	return ids
}

// encodeWord makes a symbol of each byte, the last one marked as the word's end, and merges them.
func (b *vocabulary) encodeWord(w string) []int32 {
	ids := make([]int32, len(w))
	for i := range len(w) {
		s := string(b.byteRunes[w[i]])
		if i == len(w)-1 {
			s += wordEnd
		}
		id, ok := b.ids[s]
		if !ok {
			id = b.unknown
		}
		ids[i] = id
	}
	return merge(ids, b.merges)
}
