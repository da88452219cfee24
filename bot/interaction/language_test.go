package interaction

import (
	"testing"
	"time"

	"darkroom/bot/command"
	"darkroom/store"
)

func TestLanguages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prefer, server, locale, guild string
		private, public               string
	}{
		"nothing is known":                       {"", "", "", "", "en", "en"},
		"the person's Discord":                   {"", "", "de", "en-GB", "de", "de"},
		"the server's Discord":                   {"", "", "", "de", "de", "de"},
		"a language without a catalogue":         {"", "", "ja", "de", "de", "de"},
		"of the person's Discord alone":          {"", "", "ja", "", "en", "en"},
		"a server's choice before their Discord": {"", "de", "en-US", "en-US", "en", "de"},
		"a server's choice of English":           {"", "en", "de", "de", "de", "en"},
		"a person's choice before all":           {"en", "de", "de", "de", "en", "en"},
		"a person's choice of German":            {"de", "en", "en-US", "en-US", "de", "de"},
		"a choice whose catalogue is gone":       {"fr", "de", "en-US", "", "en", "de"},
	} {
		r := &responder{
			now: time.Now, req: command.Request{Person: command.Person{Locale: c.locale}, Place: command.Place{Locale: c.guild}},
			settings: store.Settings{
				Person: store.Preferences{Language: c.prefer}, Server: store.ServerSettings{Language: c.server},
			},
		}
		r.settleLanguages()
		if r.req.Language.String() != c.private || r.address().Language.String() != c.public {
			t.Errorf("%s: got %s and %s, want %s alone and %s for all", name, r.req.Language, r.address().Language, c.private,
				c.public)
		}
	}
}
