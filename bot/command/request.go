package command

import (
	"time"

	"darkroom/bot/button"
	"darkroom/bot/language"
	"darkroom/render/request"
)

// Place is where a request was made and where its answer goes.
type Place struct {
	Kind           string // "guild", "thread", "dm" (with the bot) or "private" (a user-install elsewhere)
	Guild          string // empty outside guilds
	Channel        string
	Parent         string // of a thread, its channel
	AgeRestricted  bool   // of a thread only after its channel was asked: Discord does not say it there
	BotPermissions uint64 // Discord permission bits of the bot there; all bits in a DM
	FileLimit      int64  // bytes per file
	Locale         string // the language of the guild, as Discord names it; empty elsewhere
}

// Person is who asks.
type Person struct {
	ID          string
	Name        string // for display
	Roles       []string
	Permissions uint64 // Discord permission bits in this channel; 0 in a DM
	Locale      string
}

// Request is what a person asks for, before any default is resolved.
type Request struct {
	ID            string // interaction snowflake
	Application   string
	Token         string // interaction token; never logged
	Verb          string // "imagine", "queue", "cancel", "limits", "button", "form", "autocomplete"
	Sub           string // subcommand, or the custom_id of a button or form
	FocusedOption string // autocomplete: the option being typed
	Place         Place
	Person        Person
	Language      language.Language // in which the person is answered
	Wanted        request.Wanted
	Options       map[string]string             // options of other commands, and the fields of a form, as text
	Picked        []string                      // what was picked in a select menu
	Message       string                        // the message that a button is on
	Uploads       map[string]request.Attachment // the files of a form, by field, of several the first; or of /show
	Files         []request.Attachment          // the images on that message
	Asker         string                        // who asked for that message; empty when Discord does not say
	Ephemeral     bool                          // that message is only seen by one person
	Card          bool                          // that message is a card
	Genuine       bool                          // a button or form: its custom_id is that of a component on that message
	Shown         button.ID                     // a message command: the job and tile of that message; zero for none
	AnswerBy      time.Time                     // Discord takes no answer later, by our clock; zero if that is not known
}

// DirectAccount is the account of all direct messages, where a server's account is its id.
const DirectAccount = "dm"

// Account is the account that the request counts for: its server, or the one account of all direct messages.
func (r Request) Account() string {
	if r.Place.Guild == "" {
		return DirectAccount
	}
	return r.Place.Guild
}
