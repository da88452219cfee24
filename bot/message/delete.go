package message

import (
	"darkroom/bot/button"
	"darkroom/bot/language"
)

// The arguments of the buttons with which a message is deleted. The first two are followed by the id of that message.
const (
	DeleteAsked     = "ask-" // asks first
	DeleteConfirmed = "yes-"
	DeleteKept      = "no"
)

// ErrCannotDelete says that Discord refused the deletion.
const ErrCannotDelete = Refusal("I am not allowed to delete messages here. Delete it with Discord's own menu.")

// DeleteQuestion asks whether a message shall be deleted. id is that of the button that was pressed.
func DeleteQuestion(l language.Language, id button.ID, target string) Message {
	press := func(style Style, label, arg string) Button {
		id.Arg = arg
		return Button{Style: style, Label: label, ID: id.String()}
	}
	return Message{
		Content: l.Text("Delete that message with its images? This cannot be undone."),
		Rows: []Row{{
			press(Danger, l.Text("Delete"), DeleteConfirmed+target), press(Secondary, l.Text("Keep"), DeleteKept),
		}},
	}
}

// Deleted replaces the question when the answer is yes.
func Deleted(l language.Language) Message { return Message{Content: l.Text("Deleted.")} }

// NothingDeleted replaces the question when the answer is no.
func NothingDeleted(l language.Language) Message { return Message{Content: l.Text("Kept.")} }
