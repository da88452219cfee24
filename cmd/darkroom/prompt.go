package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"darkroom/render/clip"
	"darkroom/render/prompt"
)

// showPrompt prints how a prompt is understood: as A1111's parser gives it with --json, for people otherwise.
func showPrompt(_ context.Context, s shop) error {
	p := s.settings.Prompt
	if p.JSON {
		return json.NewEncoder(s.stdout).Encode(prompt.Fragments(p.Prompt))
	}
	m, err := readerOf(p.Model, p.Models)
	if err != nil {
		return err
	}
	parts, addons := prompt.Read(p.Prompt)
	t := table{w: s.stdout}
	t.parts(parts)
	for _, a := range addons {
		t.line("add-on   %s %s %s", a.Kind, a.Name, strings.Join(a.Args, ":"))
	}
	if err := t.chunks(m, parts); err != nil {
		return err
	}
	hintWords(s.stderr, m, p.Prompt)
	return t.err
}

// reader is what a model makes of words.
type reader struct {
	name     string
	dir      string   // its folder; empty for no model
	known    []string // the only words it knows; none for any
	examples []string // prompts that it paints well
}

// hintWords names the words that a model with a word list never saw, with prompts that it can paint.
func hintWords(w io.Writer, m reader, typed string) {
	if len(m.known) == 0 {
		return
	}
	known := append(slices.Clone(m.known), m.examples...) // with the small words of whole sentences
	unknown := prompt.Unknown(known, typed)
	if len(unknown) == 0 {
		return
	}
	fmt.Fprintf(w, "hint: the model %s never saw: %s.", m.name, strings.Join(unknown, ", "))
	if n := min(len(m.examples), 3); n > 0 {
		fmt.Fprintf(w, " It can paint %q. For anything else, bring a model with --model.", m.examples[:n])
	}
	fmt.Fprintln(w)
}

// table prints lines and keeps the first error.
type table struct {
	w   io.Writer
	err error
}

func (t *table) line(format string, a ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format+"\n", a...)
	}
}

// parts prints one line for each stretch of one weight.
func (t *table) parts(parts []prompt.Part) {
	t.line("weight   text")
	for _, p := range parts {
		if p.Break {
			t.line("   -     BREAK")
			continue
		}
		t.line("%7.4g  %q", p.Weight, p.Text)
	}
}

// chunks prints what a model's tokenizer makes of the parts, if there is a model.
func (t *table) chunks(m reader, parts []prompt.Part) error {
	if m.dir == "" {
		return nil
	}
	words, err := clip.OpenTokenizer(os.DirFS(filepath.Join(m.dir, "tokenizer")))
	if err != nil {
		return fmt.Errorf("model %s: %w", m.dir, err)
	}
	frame := words.Frame()
	for i, c := range prompt.Chunks(parts, frame, words.Encode) {
		ids := c.IDs[1:]
		n := 0
		for n < len(ids) && ids[n] != frame.EOS {
			n++
		}
		t.line("chunk %d  %d of %d tokens: %s", i+1, n, frame.Length-2, strings.Trim(fmt.Sprint(ids[:n]), "[]"))
	}
	return nil
}
