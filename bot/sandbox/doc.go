// Package sandbox is a stand-in for Discord: a gateway, the REST API that bots use, a CDN with links that expire,
// methods that do what a user does in a client, and a web page that shows it all.
//
// Tests run a real bot against it, over real sockets or an in-memory listener, and control its clock. "darkroom up"
// opens it if there is no Discord token. It knows Discord's rules, and nothing about the bot.
package sandbox
