// Package world is the state of the sandbox: users, guilds, channels, messages, attachments, commands and interactions,
// and what Discord allows a bot and a user to do with them.
//
// A World has two sides. The REST API calls the bot's side: Answer, EditByToken, PostMessage and so on; each method
// refuses with a *wire.Error. The page and the tests call the user's side, which is what a person does in a Discord
// client: Command, Click, Submit, VisibleMessages. The World reports each event to the gateway through Options.OnEvent,
// in order. Changed wakes everybody else who waits for a change.
package world
