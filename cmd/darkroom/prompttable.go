package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"darkroom/render/clip"
	"darkroom/render/picture"
	"darkroom/render/prompt"
)

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

// flags prints the flags at the end of a prompt, and returns the prompt without them.
func (t *table) flags(text string) string {
	rest, flags, unknown := prompt.Flags(text)
	for _, f := range flags {
		if !f.Fault.IsZero() {
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
