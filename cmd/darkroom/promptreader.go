package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"darkroom/render/clip"
	"darkroom/render/picture"
	"darkroom/render/prompt"
)

// promptReader is how a model reads words.
type promptReader struct {
	name       string
	dialect    picture.Dialect // that it reads in; empty for diffusers
	dir        string          // its folder; empty for no model
	vocabulary []string        // the only words it knows; none for any
	examples   []string        // prompts that it paints well
	maxChunks  int             // chunks of a prompt that it has room for; 0 for any number

	open func() ([]*clip.Tokenizer, error) // its tokenizers; nil for those in its folder
}

// tokenizers opens the model's tokenizer, and SDXL's second, for its dialect.
func (m promptReader) tokenizers() ([]*clip.Tokenizer, error) {
	open := m.openFolder
	if m.open != nil {
		open = m.open
	}
	all, err := open()
	if m.dialect == picture.A1111 {
		for i := range all {
			all[i] = all[i].ForA1111()
		}
	}
	return all, err
}

func (m promptReader) openFolder() ([]*clip.Tokenizer, error) {
	var all []*clip.Tokenizer
	for _, part := range []string{"tokenizer", "tokenizer_2"} {
		dir := filepath.Join(m.dir, part)
		if _, err := os.Stat(dir); len(all) > 0 && errors.Is(err, fs.ErrNotExist) {
			break
		}
		words, err := clip.OpenTokenizer(os.DirFS(dir))
		if err != nil {
			return nil, fmt.Errorf("model %s: %s: %w", m.dir, part, err)
		}
		all = append(all, words)
	}
	return all, nil
}

// chunkPrompt makes chunks of a prompt, a list for each of the model's text encoders.
func chunkPrompt(parts []prompt.Part, words []*clip.Tokenizer) [][]prompt.Chunk {
	readers := make([]prompt.Tokenizer, len(words))
	for i, w := range words {
		readers[i] = w.PromptTokenizer()
	}
	return prompt.AlignedChunks(parts, readers...)
}

// hint tells what a model cannot read in some prompts: words that it never saw, and what it has no room for.
func hint(w io.Writer, m promptReader, texts ...string) error {
	hintWords(w, m, strings.Join(texts, " "))
	if m.maxChunks == 0 {
		return nil
	}
	words, err := m.tokenizers()
	if err != nil {
		return err
	}
	for _, text := range texts {
		n := 0
		all, err := readings(text, prompt.DetectNotation(text))
		if err != nil {
			return err
		}
		for _, r := range all {
			n = max(n, len(chunkPrompt(r.parts, words)[0]))
		}
		if n > m.maxChunks {
			fmt.Fprintf(w, "hint: the model %s reads %d of the %d chunks of %.30q; the rest is left out. "+
				"`darkroom prompt` shows where.\n", m.name, m.maxChunks, n, text)
		}
	}
	return nil
}

// hintWords names the words that a model with a word list never saw, with prompts that it can paint.
func hintWords(w io.Writer, m promptReader, typed string) {
	if len(m.vocabulary) == 0 {
		return
	}
	unknown := prompt.UnknownWords(m.vocabulary, typed)
	if len(unknown) == 0 {
		return
	}
	fmt.Fprintf(w, "hint: the model %s does not know: %s.", m.name, strings.Join(unknown, ", "))
	if n := min(len(m.examples), 3); n > 0 {
		fmt.Fprintf(w, " Try %s, or another model with --model.", quoted(m.examples[:n]))
	}
	fmt.Fprintln(w)
}

// quoted lists prompts for people: “a”, “b” or “c”.
func quoted(texts []string) string {
	last := len(texts) - 1
	if last == 0 {
		return "“" + texts[0] + "”"
	}
	return "“" + strings.Join(texts[:last], "”, “") + "” or “" + texts[last] + "”"
}
