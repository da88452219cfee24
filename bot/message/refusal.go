package message

import (
	"darkroom/bot/button"
	"darkroom/bot/language"
	"darkroom/render/phrase"
	"darkroom/render/request"
)

// Refusal is a refusal that does not depend on a server's policy: what was clicked is gone, belongs to somebody else,
// or the click came too late. It is an error whose text the person reads: the English one, which also names the
// sentence in the catalogues.
type Refusal string

// Error returns the sentence in English.
func (r Refusal) Error() string { return string(r) }

// Phrase returns the sentence.
func (r Refusal) Phrase() phrase.Phrase { return phrase.Of(string(r)) }

// refusal is a Refusal with values in its sentence.
type refusal struct{ phrase phrase.Phrase }

func refuse(format string, args ...any) error { return refusal{phrase.Of(format, args...)} }

// Error returns the sentence in English.
func (r refusal) Error() string { return r.phrase.String() }

// Phrase returns the sentence.
func (r refusal) Phrase() phrase.Phrase { return r.phrase }

// The refusals of buttons and commands.
const (
	ErrUnknownInteraction = Refusal("Unknown command. It may be newer than this bot.")
	ErrOldButton          = Refusal("This button no longer works.")
	ErrNoJob              = Refusal("There is no record of this image any more. Ask for a new one with /imagine.")
	ErrNoImages           = Refusal("This message shows no images that I made.")
	ErrShowWhat           = Refusal(
		"Write the id of a request, which Info shows, or the link of a message, or send an image.",
	)
	ErrUnknownPicture   = Refusal("I know nothing about this image: it says nothing about how it was made.")
	ErrImagesGone       = Refusal("The message with these images is gone, or I cannot read its channel.")
	ErrPrivate          = Refusal("These images were shown to one person only.")
	ErrElsewhere        = Refusal("This image belongs to another server.")
	ErrOtherChannel     = Refusal("This image was posted in another channel. Ask for it there.")
	ErrNotYours         = Refusal("Only the person who asked for it, or a moderator (Manage Messages), can do that.")
	ErrNotModerator     = Refusal("Only moderators (Manage Server) can use /limits. See what is left to you with /info.")
	ErrNoServer         = Refusal("Limits are set for a server. There are none in direct messages.")
	ErrPosting          = Refusal("Too late to cancel: the images are being posted.")
	ErrEnded            = Refusal("Nothing to cancel: this request is finished.")
	ErrNothingToCancel  = Refusal("Nothing to cancel: you have no open requests.")
	ErrReconnecting     = Refusal("The queue cannot be reached right now. Try again in a moment.")
	ErrStoreUnreachable = Refusal("The database cannot be reached right now. Try again in a moment.")
	ErrDiskFull         = Refusal(
		"I cannot write anything down: the disk of this bot is full. Its operator must make room.",
	)
	ErrBusy      = Refusal("The bot is too busy and could not save your request. Try again in a moment.")
	ErrNoTile    = Refusal("That image is no longer on this message.")
	ErrInputGone = Refusal("The start image is no longer stored. Send it again with /imagine init_image.")
	ErrEnlarged  = Refusal("This image is already upscaled.")
)

// ErrUnknownJob says that no job has the id that somebody typed.
func ErrUnknownJob(id string) error {
	return refuse("Unknown request: %s. Pick one from the list that /cancel shows.", Escape(Shorten(id, 40)))
}

// Refused is a refusal with its hint. Both may contain text that people typed.
func Refused(l language.Language, r *request.Refusal) string {
	text := Escape(l.Print(r.Sentence))
	if !r.Hint.IsZero() {
		text += "\n" + Escape(l.Print(r.Hint))
	}
	return text
}

// EditableRefusal is a refusal with a button that opens the refused request in a form. id is that of its question.
func EditableRefusal(l language.Language, text, id string) Message {
	edit := button.ID{Verb: button.Permute, Job: id, Arg: AnswerEdit}
	return Message{Content: text, Rows: []Row{{{Style: Primary, Label: l.Text("Edit prompt"), ID: edit.String()}}}}
}

// Fault says that something went wrong. The reference is also in the log.
func Fault(l language.Language, reference string) string {
	return l.Sprintf("⚠️ Something went wrong. The bot's log has the details under `%s`.", reference)
}

// CancelledJob confirms /cancel.
func CancelledJob(l language.Language, title string) string { return l.Sprintf("Cancelled: %s", title) }
