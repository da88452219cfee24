package bot

import (
	"context"
	"errors"

	"darkroom/bot/admit"
	"darkroom/bot/message"
	"darkroom/store"
)

// no is a refusal that is no matter of policy: what was clicked is gone, somebody else's or too late.
type refusalText string

// Error returns the sentence itself.
func (n refusalText) Error() string { return string(n) }

// The refusals of buttons and commands.
const (
	errUnknownInteraction = refusalText("I do not know this command. It may be newer than I am.")
	errOldButton          = refusalText("I do not know this button. It may come from another version of this bot.")
	errNoJob              = refusalText("I no longer have the record of this picture, so I cannot do that. Ask for it anew with /imagine.")
	errElsewhere          = refusalText("This picture belongs to another server.")
	errNotYours           = refusalText("Only the person who asked for it, or a moderator with Manage Messages, can do that.")
	errNotModerator       = refusalText("Only moderators with Manage Server can look at or change this server's limits.")
	errNoServer           = refusalText("Limits belong to servers; there are none in direct messages.")
	errPosting            = refusalText("Too late to cancel: it is already being posted.")
	errEnded              = refusalText("There is nothing left to cancel: this one is finished.")
	errNothingToCancel    = refusalText("You have nothing waiting.")
	errReconnecting       = refusalText("The scheduler is reconnecting. Try again in a moment.")
	errStoreUnreachable   = refusalText("My records are out of reach just now. Try again in a moment.")
	errBusy               = refusalText("I am busy beyond measure and could not write your request down. Try again in a moment.")
	errNoTile             = refusalText("I cannot find that picture on this message any more.")
	errInputGone          = refusalText("The start picture of this one is no longer here. Send it again with /imagine init_image.")
	errEnlarged           = refusalText("This picture was enlarged already.")
)

// explain returns the sentence for a person, and whether the error is a fault that belongs in the log.
func explain(err error) (text string, fault bool) {
	var refusal *admit.Refusal
	var sentence refusalText
	switch {
	case errors.As(err, &refusal):
		text = message.Escape(refusal.Sentence)
		if refusal.Hint != "" {
			text += "\n" + message.Escape(refusal.Hint)
		}
		return text, false
	case errors.As(err, &sentence):
		return string(sentence), false
	case errors.Is(err, store.ErrInputGone):
		return string(errInputGone), false
	case store.Unreachable(err):
		return string(errStoreUnreachable), true
	case errors.Is(err, context.DeadlineExceeded):
		return string(errBusy), true
	}
	return "", true
}
