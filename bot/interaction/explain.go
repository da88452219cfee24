package interaction

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"

	"darkroom/bot/command"
	"darkroom/bot/language"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/render/phrase"
	"darkroom/render/request"
	"darkroom/store"
)

// reportError shows an error to the person. A fault is also logged, with the same reference.
func (h *Handler) reportError(ctx context.Context, r *responder, err error) {
	if errors.Is(err, errAnsweredElsewhere) {
		return // what is shown now is not this bot's
	}
	text, fault := explain(r.req.Language, err)
	if fault {
		ref := randomReference()
		h.o.Log.Error(
			"interaction failed", "reference", ref, "interaction", r.req.ID, "verb", r.req.Verb, "error",
			rest.Redact(err.Error()),
		)
		if text == "" {
			text = message.Fault(r.req.Language, ref)
		}
	}
	if r.req.Verb == command.Autocomplete {
		_, err = r.respond(ctx, message.Choices(nil))
	} else {
		err = r.replyPrivately(ctx, message.Message{Content: text})
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		h.o.Log.Warn("an error was not shown", "interaction", r.req.ID, "error", rest.Redact(err.Error()))
	}
}

// randomReference is a short random name for a fault.
func randomReference() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	return hex.EncodeToString(b[:])
}

// explain returns the sentence for a person, and whether the error is a fault that belongs in the log.
func explain(l language.Language, err error) (text string, fault bool) {
	var refusal *request.Refusal
	var sentence phrase.Phraser
	switch {
	case errors.As(err, &refusal):
		return message.Refused(l, refusal), false
	case errors.As(err, &sentence):
		return l.Print(sentence.Phrase()), false
	case errors.Is(err, store.ErrInputGone):
		return l.Text(string(message.ErrInputGone)), false
	case store.Full(err):
		return l.Text(string(message.ErrDiskFull)), true
	case store.Unreachable(err):
		return l.Text(string(message.ErrStoreUnreachable)), true
	case errors.Is(err, context.DeadlineExceeded):
		return l.Text(string(message.ErrBusy)), true
	}
	return "", true
}
