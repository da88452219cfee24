package command

import "darkroom/bot/admit"

// DirectAccount is the account of all direct messages, where a server's account is its id.
const DirectAccount = "dm"

// Account is what a request is charged to: its server, or the one account of all direct messages.
func Account(r admit.Request) string {
	if r.Place.Guild == "" {
		return DirectAccount
	}
	return r.Place.Guild
}
