package prompt

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"darkroom/render/picture"
)

// clipWord is the pattern by which CLIP's tokenizer divides text, which is in lower case by then
// (SimpleTokenizer in CLIP's simple_tokenizer.py).
var clipWord = regexp.MustCompile(`'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`)

// EmbeddingNames finds names of embeddings in prompts. Such a name asks for the embedding wherever its words stand, in
// this order and with nothing between them, as in A1111; where two names begin at one word, the longer one counts
// (find_embedding_at_position in modules/textual_inversion/textual_inversion.py). "bad-hands" is not in "bad-handset".
type EmbeddingNames struct {
	byFirst map[string][]embeddingName // by the first word, the longest name first
}

type embeddingName struct {
	name  string
	words []string
}

// NewEmbeddingNames returns a finder of these names.
func NewEmbeddingNames(names []string) EmbeddingNames {
	e := EmbeddingNames{byFirst: map[string][]embeddingName{}}
	for _, name := range names {
		if words := clipWords(name); len(words) > 0 {
			e.byFirst[words[0]] = append(e.byFirst[words[0]], embeddingName{name, words})
		}
	}
	for _, all := range e.byFirst {
		slices.SortStableFunc(all, func(a, b embeddingName) int { return len(b.words) - len(a.words) })
	}
	return e
}

func clipWords(text string) []string { return clipWord.FindAllString(strings.ToLower(text), -1) }

// Find returns the names that stand in a prompt, at any step, each once and in the order in which they are read.
// composed is false for a negative prompt, which AND does not divide.
func (e EmbeddingNames) Find(r Reading, text string, n picture.Notation, composed bool) (found []string) {
	text, _ = Addons(text)
	if e = e.possible(text); len(e.byFirst) == 0 {
		return nil
	}
	terms := []Term{{Text: text, Weight: 1}}
	if composed {
		if all, err := r.Terms(n, text); err == nil {
			terms = all
		}
	}
	seen := map[string]bool{}
	for _, term := range terms {
		for _, stage := range r.Stages(term.Text, Calls{Count: mostCalls}) {
			if seen[stage.Text] {
				continue
			}
			seen[stage.Text] = true
			for _, part := range r.Parse(stage.Text) {
				found = e.findIn(found, part.Text)
			}
		}
	}
	return found
}

// possible keeps the names all of whose letters stand somewhere in a text, whatever its notation makes of it.
func (e EmbeddingNames) possible(text string) EmbeddingNames {
	there := map[string]bool{}
	for _, word := range clipWords(text) {
		there[word] = true
	}
	isMissing := func(word string) bool {
		first, _ := utf8.DecodeRuneInString(word)
		return unicode.IsLetter(first) && !there[word]
	}
	kept := EmbeddingNames{byFirst: map[string][]embeddingName{}}
	for first, all := range e.byFirst {
		for _, name := range all {
			if !slices.ContainsFunc(name.words, isMissing) {
				kept.byFirst[first] = append(kept.byFirst[first], name)
			}
		}
	}
	return kept
}

// findIn appends the names in a text without notation.
func (e EmbeddingNames) findIn(found []string, text string) []string {
	words := clipWords(text)
	for i := 0; i < len(words); {
		n := 1
		for _, name := range e.byFirst[words[i]] {
			if i+len(name.words) <= len(words) && slices.Equal(name.words, words[i:i+len(name.words)]) {
				if n = len(name.words); !slices.Contains(found, name.name) {
					found = append(found, name.name)
				}
				break
			}
		}
		i += n
	}
	return found
}

// embeddingMark begins the name of an embedding in ComfyUI (comfy/sd1_clip.py).
const embeddingMark = "embedding:"

var (
	markedEmbedding = regexp.MustCompile(`(?i)\bembedding:([^\s,:;<>()\[\]{}|]+)`)
	embeddingFolder = regexp.MustCompile(`^[^\s,:;<>()\[\]{}|]*/`)
	embeddingFile   = regexp.MustCompile(`(?i)^\.(safetensors|pt|bin|png|webp)`)
)

// MarkedEmbeddings returns the names that are written as in ComfyUI, embedding:name, each once.
func MarkedEmbeddings(text string) (names []string) {
	for _, m := range markedEmbedding.FindAllStringSubmatch(text, -1) {
		if name := strings.TrimRight(m[1], "."); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// WithoutAddons is a prompt of a Spec as text encoders read it: without tags, which belong to the Spec, and with the
// names of its embeddings alone.
func WithoutAddons(s picture.Spec, text string) string {
	rest, _ := Addons(text)
	var embeddings []string
	for _, a := range s.Addons {
		if a.Kind == picture.Embedding {
			embeddings = append(embeddings, a.Name)
		}
	}
	return PlainEmbeddings(rest, embeddings)
}

// PlainEmbeddings writes these names as A1111 does where they are written as in ComfyUI: embedding:folder/ink.pt
// becomes ink.
func PlainEmbeddings(text string, names []string) string {
	if len(names) == 0 {
		return text
	}
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return len(b) - len(a) })
	var b strings.Builder
	for text != "" {
		before, rest, found := cutFold(text, embeddingMark)
		b.WriteString(before)
		if !found {
			break
		}
		name, after, known := cutName(rest, names)
		if last, _ := utf8.DecodeLastRuneInString(before); known && !inWord(last) {
			b.WriteString(name)
			text = after
			continue
		}
		b.WriteString(text[len(before) : len(before)+len(embeddingMark)])
		text = rest
	}
	return b.String()
}

// cutFold is strings.Cut in any case, for an ASCII separator.
func cutFold(text, sep string) (before, after string, found bool) {
	for i := 0; i+len(sep) <= len(text); i++ {
		if strings.EqualFold(text[i:i+len(sep)], sep) {
			return text[:i], text[i+len(sep):], true
		}
	}
	return text, "", false
}

// cutName takes one of the names off the beginning of a text, with the folder before it and the ending behind it.
func cutName(text string, names []string) (name, after string, ok bool) {
	for _, from := range []int{0, len(embeddingFolder.FindString(text))} {
		for _, n := range names {
			rest := text[from:]
			if len(rest) < len(n) || !strings.EqualFold(rest[:len(n)], n) {
				continue
			}
			after = rest[len(n):]
			after = after[len(embeddingFile.FindString(after)):]
			if next, _ := utf8.DecodeRuneInString(after); after == "" || !inWord(next) || unicode.IsSpace(next) {
				return rest[:len(n)], after, true
			}
		}
	}
	return "", text, false
}
