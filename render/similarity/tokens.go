package similarity

import (
	"fmt"
	"os"
	"path/filepath"

	"darkroom/render/clip"
	"darkroom/render/folder"
)

// builtIn names CLIP's own tokenizer in the hash of a CLIP that brings none.
const builtIn = "openai"

// tokenizerFiles are those that package clip reads of a folder.
func tokenizerFiles() []string {
	return []string{
		"vocab.json", "merges.txt", "tokenizer.json", "added_tokens.json", "tokenizer_config.json", "special_tokens_map.json",
	}
}

// openTokenizer opens the tokenizer of the first of some folders that has one, or else CLIP's own.
func (m *Model) openTokenizer(folders ...string) (err error) {
	for _, dir := range folders {
		if !exists(filepath.Join(dir, "vocab.json")) && !exists(filepath.Join(dir, "tokenizer.json")) {
			continue
		}
		if m.tokenizer, err = clip.OpenTokenizer(os.DirFS(dir)); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		for _, name := range tokenizerFiles() {
			if path := filepath.Join(dir, name); exists(path) {
				m.files = append(m.files, hashedFile{"tokenizer " + name, path})
			}
		}
		return nil
	}
	m.settings.Tokenizer = builtIn
	m.tokenizer, err = clip.Standard(false)
	return err
}

// setLength notes how many tokens a text has: as many as the network reads, or as the tokenizer makes where it reads
// any number.
func (m *Model) setLength(text folder.Network) error {
	m.length = text.Inputs[0].Dims[1]
	if m.length == 0 {
		m.length = m.tokenizer.Length
	}
	const least = 3 // begin, one token, end
	if m.length < least {
		return fmt.Errorf("%s: it reads %d tokens, want %d or more", text.Path, m.length, least)
	}
	return nil
}

// checkTokenizer checks that the tokenizer's special tokens are the text encoder's, as far as its vocabulary is known.
func (m *Model) checkTokenizer() error {
	if m.vocabulary == 0 {
		return nil
	}
	if end := int(m.tokenizer.EOS); end != m.vocabulary-1 {
		return fmt.Errorf("%s: its text encoder knows %d tokens, and its tokenizer's last one has the number %d: "+
			"want the tokenizer of this CLIP beside it", m.Path, m.vocabulary, end)
	}
	return nil
}

// tokens are the ids of a text, framed, cut and filled to what the network reads. The encoder reads a text at its first
// end token and looks at nothing after it, so it does not matter what fills the rest.
func (m *Model) tokens(text string) []int32 {
	words := m.tokenizer.Encode(text)
	words = words[:min(len(words), m.length-2)]
	ids := append([]int32{m.tokenizer.BOS}, words...)
	for len(ids) < m.length {
		ids = append(ids, m.tokenizer.EOS)
	}
	return ids
}
