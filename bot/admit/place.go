package admit

import "darkroom/render/request"

// Discord's permission to send files, and the one that implies all others.
const (
	attachFiles   = 1 << 15
	administrator = 1 << 3
)

// CheckPlace tells whether the bot may send pictures in a place, or why not.
func CheckPlace(p Place) *request.Refusal {
	inServer := p.Kind == "guild" || p.Kind == "thread"
	if inServer && p.BotPermissions&(attachFiles|administrator) == 0 {
		return request.Refuse("Ask a moderator to give the bot the permission Attach Files here, or use another channel.",
			"I may not send pictures in this channel.")
	}
	return nil
}

// preconditions refuses what no choice of settings can help.
func preconditions(place Place, available request.Available, policy Policy) *request.Refusal {
	if r := paused(policy); r != nil {
		return r
	}
	if r := CheckPlace(place); r != nil {
		return r
	}
	if len(available.Models) == 0 {
		return request.Refuse("Try again in a minute. If it stays so, whoever runs this bot should look at its renderer.",
			"No renderer has told me yet what it can paint.")
	}
	return nil
}
