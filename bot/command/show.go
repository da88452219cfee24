package command

// ShowPicture is the option of /show that takes a file.
const ShowPicture = "picture"

// show is /show.
func show() Command {
	return slashCommand("show", "Show images again, with their buttons", Option{
		Type: kindString, Name: "image", Description: "The id of a request, which Info shows, or the link of a message",
	}, Option{
		Type: kindAttachment, Name: ShowPicture, Description: "An image of mine, or another that says how it was made",
	})
}
