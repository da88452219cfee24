package interaction

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"darkroom/bot/command"
	"darkroom/bot/message"
	"darkroom/render/request"
	"darkroom/store"
)

// presets stores people's presets.
type presets interface {
	presetFinder
	presetLister
	SavePreset(ctx context.Context, user, name string, body json.RawMessage) error
	DeletePreset(ctx context.Context, user, name string) error
}

// presetLister lists a person's presets.
type presetLister interface {
	Presets(ctx context.Context, user string) ([]store.Preset, error)
}

// presetCommands is /preset.
type presetCommands struct{ db presets }

// run saves, lists and deletes presets.
func (p *presetCommands) run(ctx context.Context, r *responder) error {
	switch r.req.Sub {
	case "save":
		return p.save(ctx, r)
	case "list":
		return p.list(ctx, r)
	case "delete":
		return p.delete(ctx, r)
	}
	return message.ErrUnknownInteraction
}

func (p *presetCommands) save(ctx context.Context, r *responder) error {
	name := strings.TrimSpace(r.req.Options["name"])
	if request.Invisible(name) || utf8.RuneCountInString(name) > command.MaxPresetName {
		return message.ErrPresetName(command.MaxPresetName)
	}
	options := command.PresetOptions(r.req.Options)
	if len(options) == 0 {
		return message.ErrPresetEmpty
	}
	body, err := json.Marshal(options)
	if err != nil {
		return fmt.Errorf("write preset: %w", err)
	}
	if err := p.db.SavePreset(ctx, r.req.Person.ID, name, body); errors.Is(err, store.ErrTooManyPresets) {
		return message.ErrPresetTooMany(store.MaxPresets)
	} else if err != nil {
		return err
	}
	return r.say(ctx, message.PresetSaved(r.req.Language, message.Preset{Name: name, Options: options}))
}

func (p *presetCommands) list(ctx context.Context, r *responder) error {
	all, err := p.db.Presets(ctx, r.req.Person.ID)
	if err != nil {
		return err
	}
	var shown []message.Preset
	for _, one := range all {
		shown = append(shown, message.Preset{Name: one.Name, Options: presetOptions(one)})
	}
	return r.say(ctx, message.Presets(r.req.Language, shown, store.MaxPresets))
}

func (p *presetCommands) delete(ctx context.Context, r *responder) error {
	name := strings.TrimSpace(r.req.Options["name"])
	if err := p.db.DeletePreset(ctx, r.req.Person.ID, name); errors.Is(err, store.ErrNotFound) {
		return message.ErrPresetUnknown
	} else if err != nil {
		return err
	}
	return r.say(ctx, message.PresetDeleted(r.req.Language, name))
}

// presetOptions reads the options of a preset. A preset that cannot be read has none.
func presetOptions(p store.Preset) map[string]string {
	options := map[string]string{}
	if err := json.Unmarshal(p.Body, &options); err != nil {
		return nil
	}
	return options
}
