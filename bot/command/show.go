package command

// show is /show.
func show() Command {
	return slashCommand("show", "Show images again, with their buttons", Option{
		Type: kindString, Name: "image", Required: true,
		Description: "The id of a request, which Info shows, or the link of a message",
	})
}
