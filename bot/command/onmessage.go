package command

import "darkroom/bot/button"

// The message commands: what a person can choose in the menu of a message. A Request with the verb OnMessage has one of
// these names as its Sub.
const (
	ImageInfo    = "Image info"
	RemixImage   = "Remix"
	UpscaleImage = "Upscale"
)

// OnMessage is the verb of a message command: Message and Files are those of the message that it was used on.
const OnMessage = "message"

// kindMessage is the type of a message command. Source: Discord, "Application Command Types".
const kindMessage = 3

// messageCommand is one of the message commands. They have no description.
func messageCommand(name string) Command {
	return Command{Name: name, Type: kindMessage, Contexts: []int{inGuild, inBotDM}, Installs: []int{0}}
}

// readMessageCommand reads a message command, and the message that it was used on.
func readMessageCommand(req *Request, data object) {
	target := data.object("resolved").object("messages").object(data.text("target_id"))
	readMessage(req, target)
	req.Verb, req.Sub = OnMessage, data.text("name")
	if target.object("author").text("id") == req.Application {
		req.Shown = shownJob(target)
	}
}

// shownJob is ShownBy of a message as Discord sends it.
func shownJob(m object) button.ID {
	var ids []string
	for _, c := range components(m) {
		ids = append(ids, c.text("custom_id"))
	}
	return ShownBy(ids)
}

// ShownBy tells by the buttons of a message which job's images it shows, and which of them if it is one of several. It
// is the zero ID if it shows none.
func ShownBy(customIDs []string) (shown button.ID) {
	tiles := map[int]bool{}
	for _, text := range customIDs {
		id, err := button.Parse(text)
		if err != nil || id.Verb != button.Vary && id.Verb != button.Reroll && id.Verb != button.Single {
			continue
		}
		shown.Job = id.Job
		if id.Verb == button.Vary {
			tiles[id.Tile] = true
			shown.Tile = id.Tile
		}
	}
	if len(tiles) != 1 {
		shown.Tile = 0
	}
	return shown
}
