// Package command holds the commands that are registered with Discord, and reads what comes back: the raw interaction
// of the gateway (or of an HTTP endpoint) becomes a Request.
//
// It does not decode into discordgo's types: one field of an unknown type makes them lose the whole interaction, and
// they lack fields that darkroom needs (attachment_size_limit, the channel, labels in forms).
package command
