package interaction

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"darkroom/bot/button"
	"darkroom/bot/command"
	"darkroom/bot/message"
	"darkroom/render/phrase"
	"darkroom/store"
)

// preferenceStore keeps what people want by default.
type preferenceStore interface {
	ChangePreferences(ctx context.Context, user string, change func(*store.Preferences)) (store.Preferences, error)
}

// preferCommands is /prefer.
type preferCommands struct {
	db    preferenceStore
	trial trial
}

// run shows and changes what a person wants by default.
func (p *preferCommands) run(ctx context.Context, r *responder) error {
	if r.settingsErr != nil {
		return r.settingsErr
	}
	switch r.req.Sub {
	case "show":
		m, err := p.shown(ctx, r)
		if err != nil {
			return err
		}
		return r.replyPrivately(ctx, m)
	case "set":
		return p.set(ctx, r)
	case command.SettingSuffix:
		return p.suffix(ctx, r)
	case command.SettingRemix:
		return p.change(ctx, r, nil, func(now *store.Preferences) { now.Remix = toggled(r.req.Options, now.Remix) })
	case command.SettingPing:
		return p.change(ctx, r, nil, func(now *store.Preferences) { now.Ping = toggled(r.req.Options, now.Ping) })
	case command.SettingLanguage:
		tag, err := chosenLanguage(r.req.Options)
		if err != nil {
			return err
		}
		return p.change(ctx, r, nil, func(now *store.Preferences) { now.Language = tag })
	case "reset":
		name := r.req.Options["setting"]
		return p.change(ctx, r, nil, func(now *store.Preferences) { *now = withoutPreference(*now, name) })
	}
	return message.ErrUnknownInteraction
}

// click is a button below what /prefer shows: it turns a setting on or off, or removes all.
func (p *preferCommands) click(ctx context.Context, r *responder) error {
	var change func(*store.Preferences)
	switch r.click.Arg {
	case command.SettingRemix:
		change = func(now *store.Preferences) { now.Remix = !now.Remix }
	case command.SettingPing:
		change = func(now *store.Preferences) { now.Ping = !now.Ping }
	case message.ResetPreferences:
		change = func(now *store.Preferences) { *now = store.Preferences{} }
	default:
		return message.ErrOldButton
	}
	if err := p.write(ctx, r, change); err != nil {
		return err
	}
	m, err := p.shown(ctx, r)
	if err != nil {
		return err
	}
	_, err = r.respond(ctx, message.Update(m))
	return err
}

// set changes defaults. The others stay.
func (p *preferCommands) set(ctx context.Context, r *responder) error {
	changed := command.DefaultOptions(r.req.Options)
	if len(changed) == 0 {
		return message.ErrNoDefault
	}
	notes, refusal := p.trial.options(changed, r.settings.Person.Options)
	if refusal != nil {
		return refusal
	}
	return p.change(ctx, r, notes, func(now *store.Preferences) {
		now.Options = command.WithDefaults(now.Options, changed)
	})
}

// suffix changes what is put behind every prompt.
func (p *preferCommands) suffix(ctx context.Context, r *responder) error {
	text := strings.TrimSpace(r.req.Options["text"])
	if utf8.RuneCountInString(text) > command.MaxSuffix {
		return message.ErrSuffixTooLong
	}
	var notes []phrase.Phrase
	if text != "" {
		var err error
		if notes, err = p.trial.suffix(ctx, text); err != nil {
			return err
		}
	}
	return p.change(ctx, r, notes, func(now *store.Preferences) { now.Suffix = text })
}

// change changes the preferences and shows them, with notes about the change.
func (p *preferCommands) change(
	ctx context.Context, r *responder, notes []phrase.Phrase, change func(*store.Preferences),
) error {
	if err := p.write(ctx, r, change); err != nil {
		return err
	}
	m, err := p.shown(ctx, r)
	if err != nil {
		return err
	}
	m.Content = message.SettingsChanged(r.req.Language, notes) + m.Content
	return r.replyPrivately(ctx, m)
}

// write changes the preferences. What is answered is in the language that is chosen then.
func (p *preferCommands) write(ctx context.Context, r *responder, change func(*store.Preferences)) error {
	ctx, cancel := r.beforeAnswer(ctx)
	defer cancel()
	now, err := p.db.ChangePreferences(ctx, r.req.Person.ID, change)
	if err != nil {
		return err
	}
	r.settings.Person = now
	r.settleLanguages()
	return nil
}

// shown is the message of /prefer show.
func (p *preferCommands) shown(ctx context.Context, r *responder) (message.Message, error) {
	s := r.settings
	used, err := p.trial.effective(ctx, r, r.preferences())
	if err != nil {
		return message.Message{}, err
	}
	return message.Preferences{
		Effective: used, Options: s.Person.Options, Suffix: s.Person.Suffix,
		Remix: s.Person.Remix, Ping: s.Person.Ping, Language: s.Person.Language,
		Reset:       preferButton(message.ResetPreferences),
		ToggleRemix: preferButton(command.SettingRemix), TogglePing: preferButton(command.SettingPing),
		Names: command.DefaultNames(),
	}.Message(r.req.Language), nil
}

func preferButton(arg string) string {
	return button.ID{Verb: button.Prefer, Job: "me", Arg: arg}.String()
}

// toggled is what an option "on" says, or else the other of what is set.
func toggled(options map[string]string, now bool) bool {
	if v, given := options["on"]; given {
		return v == "true"
	}
	return !now
}

// chosenLanguage is the language that an option names, as it is stored.
func chosenLanguage(options map[string]string) (tag string, err error) {
	tag = options[command.SettingLanguage]
	switch {
	case tag == command.AutoLanguage:
		return "", nil
	case !slices.Contains(message.Languages(), tag):
		return "", message.ErrLanguage
	}
	return tag, nil
}

// withoutPreference is p without one setting, or without all if none is named.
func withoutPreference(p store.Preferences, name string) store.Preferences {
	switch name {
	case "":
		return store.Preferences{}
	case command.SettingSuffix:
		p.Suffix = ""
	case command.SettingRemix:
		p.Remix = false
	case command.SettingPing:
		p.Ping = false
	case command.SettingLanguage:
		p.Language = ""
	default:
		p.Options = withoutOption(p.Options, name)
	}
	return p
}
