package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"

	"darkroom/bot/language"
	"darkroom/render/request"
)

// The verbs of a Request that are not names of commands.
const (
	Ping         = "ping"         // HTTP endpoints only
	Button       = "button"       // Sub is the custom_id
	Form         = "form"         // Sub is the custom_id, Options the fields
	Autocomplete = "autocomplete" // Sub is the command, FocusedOption the option
	Unknown      = "unknown"      // a kind of interaction this program does not know: answer it anyway
)

// The kinds of interactions. Source: Discord, "Interaction Type".
const (
	typePing         = 1
	typeCommand      = 2
	typeComponent    = 3
	typeAutocomplete = 4
	typeModal        = 5
)

// DefaultFileLimit is the largest size of a file, in bytes, where Discord does not name one.
const DefaultFileLimit = 10 << 20

// Flags of a message. Source: Discord, resources/message, "Message Flags".
const (
	ephemeralFlag    = 1 << 6
	componentsV2Flag = 1 << 15
)

// ErrUnanswerable means that an interaction lacks its id or its token, and cannot be answered.
var ErrUnanswerable = errors.New("interaction without id or token")

// ReadID reads the id of an interaction and nothing else. It fails as Decode does.
func ReadID(raw json.RawMessage) (string, error) {
	var head struct {
		ID    json.RawMessage `json:"id"`
		Token json.RawMessage `json:"token"`
	}
	if json.Unmarshal(raw, &head) != nil {
		return "", fmt.Errorf("decode interaction: %w: not a JSON object", ErrUnanswerable)
	}
	o := object{"id": head.ID, "token": head.Token}
	if o.text("id") == "" || o.text("token") == "" {
		return "", fmt.Errorf("decode interaction: %w", ErrUnanswerable)
	}
	return o.text("id"), nil
}

// Decode reads one interaction. Fields that are missing, unknown or of an undocumented type are left empty. Only an
// interaction that cannot be answered is an error.
func Decode(raw json.RawMessage) (Request, error) {
	o := parseObject(raw)
	if o == nil {
		return Request{}, fmt.Errorf("decode interaction: %w: not a JSON object", ErrUnanswerable)
	}
	req := Request{ID: o.text("id"), Application: o.text("application_id"), Token: o.text("token"), Verb: Unknown}
	if req.ID == "" || req.Token == "" {
		return Request{}, fmt.Errorf("decode interaction: %w", ErrUnanswerable)
	}
	req.Place, req.Person = readPlace(o), readPerson(o)
	req.Language = language.Find(req.Person.Locale, req.Place.Locale)
	on, data := o.object("message"), o.object("data")
	readMessage(&req, on)
	switch o.integer("type") {
	case typePing:
		req.Verb = Ping
	case typeCommand:
		if data.integer("type") == kindMessage {
			readMessageCommand(&req, data)
			break
		}
		readCommand(&req, data)
	case typeComponent:
		req.Verb, req.Sub, req.Genuine = Button, data.text("custom_id"), isGenuine(on, data)
		req.Picked = data.texts("values")
	case typeAutocomplete:
		readCommand(&req, data)
		req.Verb, req.Sub = Autocomplete, data.text("name")
	case typeModal:
		req.Verb, req.Sub, req.Options = Form, data.text("custom_id"), readFields(data)
		req.Uploads = readUploads(data)
		req.Genuine = isGenuine(on, data)
	}
	return req, nil
}

// readPlace tells where an interaction happened. Discord sends "context" since 2024; without it the guild decides.
func readPlace(o object) Place {
	channel := o.object("channel")
	p := Place{
		Guild: o.text("guild_id"), Channel: o.text("channel_id"), AgeRestricted: channel.boolean("nsfw"),
		BotPermissions: o.permissions("app_permissions"), FileLimit: o.integer("attachment_size_limit"),
		Locale: o.text("guild_locale"),
	}
	if p.Channel == "" {
		p.Channel = channel.text("id")
	}
	if p.FileLimit <= 0 {
		p.FileLimit = DefaultFileLimit
	}
	switch {
	case p.Guild != "" && isThread(channel.integer("type")):
		p.Kind, p.Parent = "thread", channel.text("parent_id")
	case p.Guild != "":
		p.Kind = "guild"
	case o.text("context") == "2":
		p.Kind = "private"
	default:
		p.Kind, p.BotPermissions = "dm", ^uint64(0)
	}
	return p
}

// isThread tells whether a channel type is one of the three kinds of threads.
func isThread(kind int64) bool { return kind >= 10 && kind <= 12 }

// readPerson reads who acts: a member in servers, a user in direct messages.
func readPerson(o object) Person {
	member := o.object("member")
	user := member.object("user")
	if user == nil {
		user = o.object("user")
	}
	p := Person{
		ID: user.text("id"), Roles: member.texts("roles"), Permissions: member.permissions("permissions"),
		Locale: o.text("locale"),
	}
	for _, name := range []string{member.text("nick"), user.text("global_name"), user.text("username")} {
		if name != "" {
			p.Name = name
			break
		}
	}
	return p
}

// readMessage reads the message that a button or form belongs to.
func readMessage(req *Request, m object) {
	req.Message = m.text("id")
	req.Ephemeral = m.integer("flags")&ephemeralFlag != 0
	req.Card = m.integer("flags")&componentsV2Flag != 0
	req.Asker = m.object("interaction_metadata").object("user").text("id")
	for _, c := range components(m) {
		for _, item := range c.list("items") {
			if file, ok := readMedia(item.object("media")); ok {
				req.Files = append(req.Files, file)
			}
		}
	}
	for _, a := range m.list("attachments") {
		req.Files = append(req.Files, readAttachment(a))
	}
}

// readMedia reads a file of a message that one of its galleries shows. Discord does not list it among the attachments.
func readMedia(o object) (file request.Attachment, ok bool) {
	address, err := url.Parse(o.text("url"))
	if id := o.text("attachment_id"); err == nil && id != "" {
		return request.Attachment{
			ID: id, Name: path.Base(address.Path), URL: o.text("url"), ContentType: o.text("content_type"),
			Width: int(o.integer("width")), Height: int(o.integer("height")),
		}, true
	}
	return request.Attachment{}, false
}

func readAttachment(o object) request.Attachment {
	return request.Attachment{
		ID: o.text("id"), Name: o.text("filename"), URL: o.text("url"), ContentType: o.text("content_type"),
		Size: o.integer("size"), Width: int(o.integer("width")), Height: int(o.integer("height")),
	}
}

// readCommand reads a slash command: its subcommand, its options as text, and for /imagine what is wanted.
func readCommand(req *Request, data object) {
	req.Verb, req.Options = data.text("name"), map[string]string{}
	options := data.list("options")
	for len(options) > 0 && options[0].integer("type") <= 2 && options[0].has("name") && !options[0].has("value") {
		req.Sub, options = options[0].text("name"), options[0].list("options")
	}
	for _, o := range options {
		name := o.text("name")
		req.Options[name] = o.text("value")
		if isPrompt(name) {
			req.Options[name] = plainWords(req.Options[name])
		}
		if o.boolean("focused") {
			req.FocusedOption = name
		}
	}
	if file := data.object("resolved").object("attachments").object(req.Options[ShowPicture]); file != nil {
		req.Uploads = map[string]request.Attachment{ShowPicture: readAttachment(file)}
	}
	if req.Verb == "imagine" {
		req.Wanted = parseWanted(req.Options, data.object("resolved").object("attachments"))
	}
}
