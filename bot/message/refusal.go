package message

import "fmt"

// Refusal is a no that is no matter of policy: what was clicked is gone, somebody else's or too late. It is an error whose
// text the person reads.
type Refusal string

// Error returns the sentence itself.
func (r Refusal) Error() string { return string(r) }

// The refusals of buttons and commands.
const (
	ErrUnknownInteraction = Refusal("I do not know this command. It may be newer than I am.")
	ErrOldButton          = Refusal("I do not know this button. It may come from another version of this bot.")
	ErrNoJob              = Refusal("I no longer have the record of this picture, so I cannot do that. Ask for it anew with /imagine.")
	ErrElsewhere          = Refusal("This picture belongs to another server.")
	ErrNotYours           = Refusal("Only the person who asked for it, or a moderator with Manage Messages, can do that.")
	ErrNotModerator       = Refusal("Only moderators with Manage Server can look at or change this server's limits.")
	ErrNoServer           = Refusal("Limits belong to servers; there are none in direct messages.")
	ErrPosting            = Refusal("Too late to cancel: it is already being posted.")
	ErrEnded              = Refusal("There is nothing left to cancel: this one is finished.")
	ErrNothingToCancel    = Refusal("You have nothing waiting.")
	ErrReconnecting       = Refusal("The scheduler is reconnecting. Try again in a moment.")
	ErrStoreUnreachable   = Refusal("My records are out of reach just now. Try again in a moment.")
	ErrBusy               = Refusal("I am busy beyond measure and could not write your request down. Try again in a moment.")
	ErrNoTile             = Refusal("I cannot find that picture on this message any more.")
	ErrInputGone          = Refusal("The start picture of this one is no longer here. Send it again with /imagine init_image.")
	ErrEnlarged           = Refusal("This picture was enlarged already.")
)

// ErrUnknownJob says that no job has the id that somebody typed.
func ErrUnknownJob(id string) Refusal {
	return Refusal("I know no job called " + Escape(Shorten(id, 40)) + ".")
}

// Refused is a refusal with a hint, which may be empty. Both hold what people typed.
func Refused(sentence, hint string) string {
	text := Escape(sentence)
	if hint != "" {
		text += "\n" + Escape(hint)
	}
	return text
}

// Fault says that something went wrong; the reference is in the log too.
func Fault(reference string) string {
	return fmt.Sprintf("⚠️ Something went wrong on my side. Whoever runs this bot finds it in the log under `%s`.", reference)
}

// CancelledJob confirms /cancel.
func CancelledJob(title string) string { return "Cancelled: " + title }
