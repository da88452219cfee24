package command

// myData is /mydata.
func myData() Command {
	return slashCommand("mydata", "The data that this bot stores about you",
		Option{Type: kindSub, Name: "export", Description: "Get all of it as a file"},
		Option{Type: kindSub, Name: "erase", Description: "Erase all of it"},
	)
}
