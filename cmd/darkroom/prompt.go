package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

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

// notationOf is the notation that was asked for, or else the one that a prompt looks like.
func notationOf(asked, text string) picture.Notation {
	if asked != "" {
		return picture.Notation(asked)
	}
	return prompt.DetectNotation(text)
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
