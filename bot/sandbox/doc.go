// Package sandbox is a small Discord of our own: a gateway, the REST API that
// bots use, a CDN with expiring links, a user's side, and a page to see it in.
//
// Tests run a real bot against it, over real sockets or an in-memory listener,
// on a clock they hold; "darkroom up" opens it when there is no Discord token.
// It knows nothing of the bot that talks to it: only Discord's rules.
package sandbox
