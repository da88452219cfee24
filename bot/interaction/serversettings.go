package interaction

import (
	"context"
	"maps"

	"darkroom/bot/command"
	"darkroom/bot/message"
	"darkroom/render/phrase"
	"darkroom/render/request"
	"darkroom/store"
)

// serverSettingsStore keeps what servers want by default.
type serverSettingsStore interface {
	ChangeServerSettings(
		ctx context.Context, server, by string, change func(*store.ServerSettings),
	) (store.ServerSettings, error)
	LastAct(ctx context.Context, server string, actions ...string) (store.AuditRecord, error)
}

// serverSettings is /settings.
type serverSettings struct {
	db    serverSettingsStore
	trial trial
}

// run shows and changes what a server wants by default. Discord shows the command to moderators only, but that is just
// a hint: the permission is checked again here.
func (s *serverSettings) run(ctx context.Context, r *responder) error {
	if r.req.Place.Guild == "" {
		return message.ErrNoServerSettings
	}
	if !mayManage(r) {
		return message.ErrNotManager
	}
	if r.settingsErr != nil {
		return r.settingsErr
	}
	switch r.req.Sub {
	case "show":
		return s.show(ctx, r, "")
	case "set":
		return s.set(ctx, r)
	case command.SettingLanguage:
		tag, err := chosenLanguage(r.req.Options)
		if err != nil {
			return err
		}
		return s.change(ctx, r, nil, func(now *store.ServerSettings) { now.Language = tag })
	case "reset":
		name := r.req.Options["setting"]
		return s.change(ctx, r, nil, func(now *store.ServerSettings) { *now = withoutSetting(*now, name) })
	}
	return message.ErrUnknownInteraction
}

// mayManage tells whether the person may decide about the server.
func mayManage(r *responder) bool { return r.req.Person.Permissions&(manageServer|administrator) != 0 }

// set changes defaults. The others stay.
func (s *serverSettings) set(ctx context.Context, r *responder) error {
	changed := command.DefaultOptions(r.req.Options)
	if len(changed) == 0 {
		return message.ErrNoDefault
	}
	notes, refusal := s.trial.options(changed, r.settings.Server.Options)
	if refusal != nil {
		return refusal
	}
	return s.change(ctx, r, notes, func(now *store.ServerSettings) {
		now.Options = command.WithDefaults(now.Options, changed)
	})
}

// change changes the settings and shows them, with notes about the change.
func (s *serverSettings) change(
	ctx context.Context, r *responder, notes []phrase.Phrase, change func(*store.ServerSettings),
) error {
	write, cancel := r.beforeAnswer(ctx)
	defer cancel()
	now, err := s.db.ChangeServerSettings(write, r.req.Place.Guild, r.req.Person.ID, change)
	if err != nil {
		return err
	}
	r.settings.Server = now
	r.settleLanguages()
	return s.show(ctx, r, message.SettingsChanged(r.req.Language, notes))
}

// show answers with the settings, and who changed them last.
func (s *serverSettings) show(ctx context.Context, r *responder, heading string) error {
	last, err := s.db.LastAct(ctx, r.req.Place.Guild, store.ActSetSettings, store.ActSavePreset, store.ActDeletePreset)
	if err != nil {
		return err
	}
	set := r.settings.Server
	servers := []request.Preference{command.Preference(request.FromServer, set.Options, "")}
	used, err := s.trial.effective(ctx, r, servers)
	if err != nil {
		return err
	}
	m := message.ServerSettings{
		Effective: used, Options: set.Options, Language: set.Language, Names: command.DefaultNames(),
		ChangedBy: last.Actor, ChangedAt: last.At, Changed: last.Action != "",
	}.Message(r.req.Language)
	m.Content = heading + m.Content
	return r.replyPrivately(ctx, m)
}

// withoutSetting is s without one setting, or without all if none is named.
func withoutSetting(s store.ServerSettings, name string) store.ServerSettings {
	switch name {
	case "":
		return store.ServerSettings{}
	case command.SettingLanguage:
		s.Language = ""
	default:
		s.Options = withoutOption(s.Options, name)
	}
	return s
}

// withoutOption is a copy of options without one; nil if none is left.
func withoutOption(options map[string]string, name string) map[string]string {
	kept := maps.Clone(options)
	delete(kept, name)
	if len(kept) == 0 {
		return nil
	}
	return kept
}
