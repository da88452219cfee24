package message

import "darkroom/bot/button"

// The arguments of the buttons with which a message is deleted. The first two are followed by the id of that message.
const (
	DeleteAsked     = "ask-" // asks first
	DeleteConfirmed = "yes-"
	DeleteKept      = "no"
)

// ErrCannotDelete says that Discord refused the deletion.
const ErrCannotDelete = Refusal("I am not allowed to delete messages here. Delete it with Discord's own menu.")

// DeleteQuestion asks whether a message shall be deleted. id is that of the button that was pressed.
func DeleteQuestion(id button.ID, target string) Message {
	press := func(style Style, label, arg string) Button {
		id.Arg = arg
		return Button{Style: style, Label: label, ID: id.String()}
	}
	return Message{
		Content: "Delete that message with its images? This cannot be undone.",
		Rows:    []Row{{press(Danger, "Delete", DeleteConfirmed+target), press(Secondary, "Keep", DeleteKept)}},
	}
}

// Deleted replaces the question when the answer is yes.
func Deleted() Message { return Message{Content: "Deleted."} }

// NothingDeleted replaces the question when the answer is no.
func NothingDeleted() Message { return Message{Content: "Kept."} }
