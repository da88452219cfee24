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

// presets stores presets of people and of servers.
type presets interface {
	presetFinder
	presetLister
	presetWriter
}

// presetWriter saves and deletes presets.
type presetWriter interface {
	SavePreset(ctx context.Context, user, name string, body json.RawMessage) error
	DeletePreset(ctx context.Context, user, name string) error
	SaveServerPreset(ctx context.Context, server, name string, body json.RawMessage, by string) error
	DeleteServerPreset(ctx context.Context, server, name, by string) error
}

// presetLister lists the presets that a person may name in a server.
type presetLister interface {
	PresetsFor(ctx context.Context, server, user string) (own, ofServer []store.Preset, err error)
}

// presetCommands is /preset.
type presetCommands struct{ db presets }

// run saves, lists and deletes presets.
func (p *presetCommands) run(ctx context.Context, r *responder) error {
	if command.IsForServer(r.req.Options) {
		if r.req.Place.Guild == "" {
			return message.ErrNoServerSettings
		}
		if !mayManage(r) {
			return message.ErrNotManager
		}
	}
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
	if command.IsForServer(r.req.Options) {
		err = p.db.SaveServerPreset(ctx, r.req.Place.Guild, name, body, r.req.Person.ID)
	} else {
		err = p.db.SavePreset(ctx, r.req.Person.ID, name, body)
	}
	switch full := errors.Is(err, store.ErrTooManyPresets); {
	case full && command.IsForServer(r.req.Options):
		return message.ErrServersPresetTooMany(store.MaxPresets)
	case full:
		return message.ErrPresetTooMany(store.MaxPresets)
	case err != nil:
		return err
	}
	return r.say(ctx, message.PresetSaved(r.req.Language, message.Preset{Name: name, Options: options}))
}

func (p *presetCommands) list(ctx context.Context, r *responder) error {
	own, ofServer, err := p.db.PresetsFor(ctx, r.account(), r.req.Person.ID)
	if err != nil {
		return err
	}
	return r.say(ctx, message.Presets(r.req.Language, shownPresets(own), shownPresets(ofServer)))
}

func shownPresets(all []store.Preset) (shown []message.Preset) {
	for _, one := range all {
		shown = append(shown, message.Preset{Name: one.Name, Options: presetOptions(one)})
	}
	return shown
}

func (p *presetCommands) delete(ctx context.Context, r *responder) error {
	name := strings.TrimSpace(r.req.Options["name"])
	var err error
	if command.IsForServer(r.req.Options) {
		err = p.db.DeleteServerPreset(ctx, r.req.Place.Guild, name, r.req.Person.ID)
	} else {
		err = p.db.DeletePreset(ctx, r.req.Person.ID, name)
	}
	switch unknown := errors.Is(err, store.ErrNotFound); {
	case unknown && command.IsForServer(r.req.Options):
		return message.ErrServersPresetUnknown
	case unknown:
		return message.ErrPresetUnknown
	case err != nil:
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
