package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"darkroom/bot/command"
	"darkroom/bot/message"
	"darkroom/store"
)

// The refusals about presets.
const (
	errPresetName    = refusalText("A preset needs a name of at most 32 characters.")
	errPresetEmpty   = refusalText("Say at least one setting that the preset should keep.")
	errPresetUnknown = refusalText("You have no preset of that name. /preset list shows yours.")
	errPresetTooMany = refusalText("You have as many presets as fit. /preset delete makes room.")
)

// preset keeps, shows and forgets a person's own names for settings.
func (h *handler) preset(ctx context.Context) error {
	switch h.req.Sub {
	case "save":
		return h.savePreset(ctx)
	case "list":
		return h.listPresets(ctx)
	case "delete":
		return h.deletePreset(ctx)
	}
	return errUnknownInteraction
}

func (h *handler) savePreset(ctx context.Context) error {
	name := presetName(h.req.Options["name"])
	if name == "" || utf8.RuneCountInString(name) > command.MaxPresetName {
		return errPresetName
	}
	kept := command.PresetOptions(h.req.Options)
	if len(kept) == 0 {
		return errPresetEmpty
	}
	body, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("write preset: %w", err)
	}
	if err := h.db.SavePreset(ctx, h.req.Person.ID, name, body); errors.Is(err, store.ErrTooManyPresets) {
		return errPresetTooMany
	} else if err != nil {
		return err
	}
	return h.replyPrivately(ctx, message.Message{Content: "Kept. Use it as `/imagine preset:` " + message.Escape(name) + "\n" + presetLine(name, kept)})
}

func (h *handler) listPresets(ctx context.Context) error {
	all, err := h.db.Presets(ctx, h.req.Person.ID)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return h.replyPrivately(ctx, message.Message{Content: "You have no presets. `/preset save` keeps settings under a name of yours."})
	}
	lines := []string{"**Your presets**"}
	for _, p := range all {
		lines = append(lines, cut(presetLine(p.Name, presetOptions(p)), message.MaxContent/(store.MaxPresets+1)-1))
	}
	return h.replyPrivately(ctx, message.Message{Content: strings.Join(lines, "\n")})
}

func (h *handler) deletePreset(ctx context.Context) error {
	name := presetName(h.req.Options["name"])
	if err := h.db.DeletePreset(ctx, h.req.Person.ID, name); errors.Is(err, store.ErrNotFound) {
		return errPresetUnknown
	} else if err != nil {
		return err
	}
	return h.replyPrivately(ctx, message.Message{Content: "Forgotten: " + message.Escape(name)})
}

// usePreset puts the preset that /imagine names into what is wanted.
func (h *handler) usePreset(ctx context.Context) error {
	name := presetName(h.req.Options["preset"])
	if name == "" {
		return nil
	}
	p, err := h.db.Preset(ctx, h.req.Person.ID, name)
	if errors.Is(err, store.ErrNotFound) {
		return errPresetUnknown
	}
	if err != nil {
		return err
	}
	usual := command.Preset(presetOptions(p))
	h.req.Wanted.Preset = &usual
	return nil
}

// presetChoices suggests one's own presets.
func (h *handler) presetChoices(ctx context.Context, typed string) ([]message.Choice, error) {
	all, err := h.db.Presets(ctx, h.req.Person.ID)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range all {
		names = append(names, p.Name)
	}
	return matching(names, typed), nil
}

// presetOptions reads what a preset kept. One that cannot be read keeps nothing.
func presetOptions(p store.Preset) map[string]string {
	kept := map[string]string{}
	if err := json.Unmarshal(p.Body, &kept); err != nil {
		return nil
	}
	return kept
}

// presetName is a name as it is kept: without spaces around it.
func presetName(typed string) string { return strings.TrimSpace(typed) }

// presetLine shows a preset on one line.
func presetLine(name string, kept map[string]string) string {
	var all []string
	for _, option := range slices.Sorted(maps.Keys(kept)) {
		all = append(all, option+": "+message.Escape(strings.ReplaceAll(kept[option], "\n", " ")))
	}
	return "**" + message.Escape(name) + "** · " + strings.Join(all, " · ")
}
