// Package world is the state of the sandbox: people, guilds, channels,
// messages, files, commands and interactions, and what Discord allows to be
// done with them.
//
// A World has two sides. The bot's side is what the REST API calls: Answer,
// EditByToken, PostMessage and so on; each refuses with a *wire.Error. The
// user's side is what a person does in front of a client: Command, Click,
// Submit, Messages. What happens is told to the gateway through Options.Tell,
// in order, and to anybody who waits through Changed.
package world
