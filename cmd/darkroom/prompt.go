package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"darkroom/render/clip"
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/prompt/dynamic"
)

// showPrompt prints how a prompt is understood: as A1111's parser gives it with --json, for people otherwise.
func showPrompt(ctx context.Context, s invocation) error {
	p := s.settings.Prompt
	if p.JSON {
		return json.NewEncoder(s.stdout).Encode(prompt.Fragments(p.Prompt))
	}
	s.noteMissingModels(p.ModelsDir)
	m, err := openPromptReader(p.Model, p.ModelsDir)
	if err != nil {
		return err
	}
	text, comments := prompt.CutComments(p.Prompt)
	folder := wildcardFolder(p.Wildcards, s.log)
	rows, err := dynamic.Expand(ctx, []string{text}, p.Seed, folder, maxPrompts)
	if err != nil {
		return expansionError(err, p.Wildcards)
	}
	var prompts []string
	for _, row := range rows {
		prompts = append(prompts, row[0])
	}
	t := table{w: s.stdout}
	for _, c := range comments {
		t.printf("comment  %q is left out; \\# is a plain #", c)
	}
	for i, text := range prompts {
		if dynamic.HasChoices(p.Prompt, folder) {
			t.printf("prompt %d of %d: %q", i+1, len(prompts), text)
		}
		text = t.flags(text)
		if err := t.prompt(m, text, notationOf(p.Notation, text)); err != nil {
			return err
		}
		prompts[i] = text
	}
	return errors.Join(t.err, hint(s.stderr, m, prompts...))
}

// maxPrompts is how many permutations are shown: as many as the bot paints.
const maxPrompts = 20

// wildcardFolder opens a folder of wildcards, which may be missing. What cannot be read of it is logged once.
func wildcardFolder(dir string, log *slog.Logger) dynamic.Folder {
	f := dynamic.Folder{FS: os.DirFS(dir)}
	if log != nil {
		f.Skipped = logOnce(log)
	}
	return f
}

// expansionError adds to an unknown wildcard the folder and what there is.
func expansionError(err error, wildcards string) error {
	if unknown, ok := errors.AsType[*dynamic.UnknownError](err); ok {
		return fmt.Errorf("%w in %s. %s", err, wildcards, unknown.Hint())
	}
	return err
}

// flags prints the flags at the end of a prompt, and returns the prompt without them.
func (t *table) flags(text string) string {
	rest, flags, unknown := prompt.Flags(text)
	for _, f := range flags {
		if f.Fault != "" {
			t.printf("flag     --%s %s: %s", f.Name, f.Value, f.Fault)
			continue
		}
		t.printf("flag     --%s %s", f.Name, f.Value)
	}
	for _, f := range unknown {
		t.printf("flag     --%s %s: unknown, so it is left out", f.Name, f.Value)
	}
	return rest
}

// notationOf is the notation that was asked for, or else the one that a prompt looks like.
func notationOf(asked, text string) picture.Notation {
	if asked != "" {
		return picture.Notation(asked)
	}
	return prompt.DetectNotation(text)
}

// prompt prints how one prompt is understood.
func (t *table) prompt(m promptReader, text string, n picture.Notation) error {
	if n == picture.NotationMidjourney {
		t.printf("notation Midjourney's: :: divides, and each part counts by its share")
	}
	all, err := readings(text, n)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.title != "" {
			t.printf("%s", r.title)
		}
		t.parts(r.parts)
		if err := t.chunks(m, r.parts); err != nil {
			return err
		}
	}
	t.addons(text)
	return nil
}

// addons prints what the add-on tags of a prompt ask for.
func (t *table) addons(text string) {
	_, tags := prompt.Addons(text)
	for _, tag := range tags {
		use, err := tag.Use()
		switch {
		case err != nil:
			t.printf("add-on   %v", err)
		case use.Kind == "" || use.Name == "":
			t.printf("add-on   %s: unknown, so it is left out", tag.Tag)
		case use.Kind == picture.VAE:
			t.printf("add-on   %s %s", use.Kind, use.Name)
		case use.TextStrength != nil:
			t.printf("add-on   %s %s %g, text encoders %g", use.Kind, use.Name, use.Strength, *use.TextStrength)
		default:
			t.printf("add-on   %s %s %g", use.Kind, use.Name, use.Strength)
		}
		for _, unread := range use.Unread {
			t.printf("         %s is left out", unread)
		}
	}
}

// reading is a prompt as the model reads it for some calls.
type reading struct {
	title string // which of composed prompts and which calls; empty when there is no other
	parts []prompt.Part
}

// exampleCalls is how many calls of the model prompt editing is shown for.
const exampleCalls = 20

// readings resolves everything above weights: AND and ::, and editing and alternation, which are shown up to a third
// text.
func readings(typed string, n picture.Notation) ([]reading, error) {
	rest, _ := prompt.Addons(typed)
	terms, err := prompt.Current.Terms(n, rest)
	if err != nil {
		return nil, err
	}
	var all []reading
	for _, term := range terms {
		stages := prompt.Current.Stages(term.Text, prompt.Calls{Count: exampleCalls})
		from := 0
		for i, s := range stages[:min(len(stages), 3)] {
			var title []string
			if len(terms) > 1 || term.Weight != 1 {
				title = append(title, fmt.Sprintf("prompt ×%.4g", term.Weight))
			}
			if len(stages) > 1 {
				title = append(title, fmt.Sprintf("calls %d to %d of %d", from+1, min(s.Until+1, exampleCalls), exampleCalls))
			}
			if i == 2 && len(stages) > 3 {
				title = append(title, "and so on")
			}
			from = s.Until + 1
			all = append(all, reading{strings.Join(title, ", "), prompt.Current.Parse(s.Text)})
		}
	}
	return all, nil
}

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

// table prints lines and keeps the first error.
type table struct {
	w   io.Writer
	err error
}

func (t *table) printf(format string, a ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format+"\n", a...)
	}
}

// parts prints one line for each stretch of one weight.
func (t *table) parts(parts []prompt.Part) {
	t.printf("weight   text")
	for _, p := range parts {
		if p.Break {
			t.printf("   -     BREAK")
			continue
		}
		t.printf("%7.4g  %q", p.Weight, p.Text)
	}
}

// chunks prints what a model's tokenizers make of the parts, if there is a model.
func (t *table) chunks(m promptReader, parts []prompt.Part) error {
	if m.dir == "" {
		return nil
	}
	words, err := m.tokenizers()
	if err != nil {
		return err
	}
	lists := chunkPrompt(parts, words)
	for i, c := range lists[0] {
		mark := ""
		if m.maxChunks > 0 && i >= m.maxChunks {
			mark = " (left out)"
		}
		n, first := tokens(c, words[0])
		t.printf("chunk %d  %d of %d tokens%s: %s", i+1, n, words[0].Length-2, mark, first)
		if len(words) == 1 {
			continue
		}
		if n, second := tokens(lists[1][i], words[1]); second != first {
			t.printf("         %d for the second text encoder: %s", n, second)
		}
	}
	return nil
}

// tokens counts and lists a chunk's tokens up to the first end.
func tokens(c prompt.Chunk, words *clip.Tokenizer) (int, string) {
	ids := c.IDs[1:]
	ids = ids[:slices.Index(ids, words.EOS)]
	return len(ids), strings.Trim(fmt.Sprint(ids), "[]")
}
