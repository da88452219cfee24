package main

import (
	"context"
	"fmt"

	"darkroom/bot/language"
	"darkroom/config"
)

// loadLanguages adds the languages of a folder to those that are built in.
func loadLanguages(l config.Languages) error {
	if l.Dir == "" {
		return nil
	}
	if err := language.Load(l.Dir); err != nil {
		return fmt.Errorf("--languages: %w", err)
	}
	return nil
}

// exportLanguage prints the list that a translator fills in.
func exportLanguage(_ context.Context, s invocation) error {
	list, err := language.Export(s.settings.Languages.Export.Tag)
	if err == nil {
		_, err = s.stdout.Write(list)
	}
	return err
}
