package admit

import (
	"darkroom/bot/command"
	"darkroom/render/request"
	"darkroom/store/limits"
)

// Discord's permission to send files, and the one that implies all others.
const (
	attachFiles   = 1 << 15
	administrator = 1 << 3
)

// CheckPlace tells whether the bot may send images in a place, or why not.
func CheckPlace(p command.Place) *request.Refusal {
	inServer := p.Kind == "guild" || p.Kind == "thread"
	if inServer && p.BotPermissions&(attachFiles|administrator) == 0 {
		return request.Refuse("Ask a moderator to give the bot the permission Attach Files here, or use another channel.",
			"I am not allowed to send images in this channel.")
	}
	return nil
}

// preconditions refuses what no choice of settings can help.
func preconditions(place command.Place, available request.Available, policy limits.Policy) *request.Refusal {
	if r := paused(policy); r != nil {
		return r
	}
	if r := CheckPlace(place); r != nil {
		return r
	}
	if len(available.Models) == 0 {
		return request.Refuse("Try again in a minute. If that does not help, ask the owner of this bot to check its "+
			"renderer.", "No renderer is ready yet.")
	}
	return nil
}
