// Package bot is the conversation: it hears interactions on the gateway, answers each within Discord's three seconds,
// writes accepted jobs down before it promises them, and keeps every message it left telling the truth. One file is one
// thing a person can do (imagine.go, reroll.go, cancel.go, …) or one duty that runs by itself (relay.go, follow.go,
// deliver.go, repair.go).
//
// It knows neither Redis commands nor pixels: jobs go into a Line, the truth is in a Ledger, and messages go through
// reply's client. discordgo is used for the gateway alone.
package bot
