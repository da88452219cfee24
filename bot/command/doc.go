// Package command holds the commands that are registered with Discord, and reads what comes back: the raw interaction
// of the gateway (or of an HTTP endpoint) becomes a Request.
//
// It decodes by hand instead of through discordgo's types, because those lose a whole interaction over one field of an
// unknown kind, and because they lack fields that darkroom needs (attachment_size_limit, the channel, labels in forms).
package command
