package interaction

import (
	"context"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/command"
	"darkroom/bot/rest"
	"darkroom/store"
)

// settingsTimeout is how long it may take to read what a person and a server want by default. The rest of Discord's
// three seconds is for the answer.
const settingsTimeout = 700 * time.Millisecond

// settingsReader reads what counts where a request does not say it.
type settingsReader interface {
	Settings(ctx context.Context, server, user string) (store.Settings, error)
}

// withSettings adds what changes the settings of people and servers, and lets the buttons follow a person's remix mode.
func (h *Handler) withSettings(imagine *imaginer, repaint *repainter) *Handler {
	tried := trial{catalog: h.o.Catalog, limits: h.o.Store, wildcards: h.o.Wildcards}
	prefer := &preferCommands{db: h.o.Store, trial: tried}
	h.commands["prefer"], h.buttons[button.Prefer] = prefer.run, prefer.click
	h.commands["settings"] = (&serverSettings{db: h.o.Store, trial: tried}).run
	mode := &remixMode{imagine: imagine, used: h.used}
	for verb, plain := range map[button.Verb]action{button.Reroll: repaint.reroll, button.Vary: repaint.vary} {
		h.buttons[verb], h.forms[verb] = mode.before(plain), mode.submit(plain)
	}
	return h
}

// readSettings reads, once for each interaction, what the person and the server want by default. If that fails, only
// what needs it fails. Suggestions must be quick: those that need settings read them.
func (h *Handler) readSettings(ctx context.Context, r *responder) {
	defer r.settleLanguages()
	if r.req.Verb == command.Autocomplete {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, settingsTimeout)
	defer cancel()
	r.settings, r.settingsErr = h.o.Store.Settings(ctx, r.account(), r.req.Person.ID)
	if r.settingsErr != nil {
		h.o.Log.Warn("the settings of a person and a server were not read", "interaction", r.req.ID, "error",
			rest.Redact(r.settingsErr.Error()))
	}
}
