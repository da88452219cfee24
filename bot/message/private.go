package message

import (
	"time"

	"darkroom/bot/button"
	"darkroom/bot/language"
	"darkroom/render/picture"
)

// The answers to the question where private images shall go that take too long.
const (
	AnswerDirect = "direct"
	AnswerPublic = "public"
)

// The refusals of private images.
const (
	ErrNotYourPrivate = Refusal("Only the person who asked for these images can do that.")
	ErrCannotShare    = Refusal("I am not allowed to post in this channel. Ask a moderator, or use another channel.")
	ErrMaybeShared    = Refusal("These images may be shared already, but I cannot read the channel to check.")
	ErrShareTooLarge  = Refusal("The images are larger than Discord allows here.")
	ErrShareAdult     = Refusal(
		"These images were made with something for adults. They can be shared in an age-restricted channel only.",
	)
	ErrShareUnknown = Refusal(
		"I cannot tell now whether these images are for adults, because no renderer has all that made them. " +
			"Try again when one does, or in an age-restricted channel.",
	)
)

// withShare adds the button that shows private images to everybody, unless everybody sees them already. The older form
// has room for five rows.
func withShare(to Address, job string, r Result, rows []Row) []Row {
	if !to.Ephemeral || r.Shared != (Link{}) {
		return rows
	}
	id := button.ID{Verb: button.Share, Job: job, Tile: r.Tile}
	share := Button{Style: Secondary, Emoji: "📣", Label: to.Language.Text("Share"), ID: id.String()}
	if last := len(rows) - 1; !to.Card {
		rows[last] = append(rows[last], share)
		return rows
	}
	return append(rows, Row{share})
}

// sharedLine is where everybody sees private images; empty if they were not shared.
func sharedLine(to Address, r Result) string {
	if r.Shared == (Link{}) {
		return ""
	}
	return "-# " + to.Language.Sprintf("Shared: %s", r.Shared.address())
}

// AlreadyShared says where private images were shared before.
func AlreadyShared(l language.Language, at Link) Message {
	if at.Message == "" {
		return Message{Content: l.Text("These images were shared already, and somebody deleted that message.")}
	}
	return Message{Content: l.Sprintf("These images were shared already: %s", at.address())}
}

// PrivateQuestion asks where private images shall go that take longer than a private answer can be edited. longest is
// how long they take; 0 if that is not known.
func PrivateQuestion(l language.Language, id string, longest time.Duration) Message {
	text := l.Text("I cannot tell yet how long this will take, and a private answer is possible for 15 minutes only.")
	switch minutes, hours := int(longest.Round(time.Minute).Minutes()), int(longest.Hours()); {
	case hours >= 2:
		text = l.Count(hours, "This will take about %d hour. A private answer is possible for 15 minutes only.",
			"This will take about %d hours. A private answer is possible for 15 minutes only.", hours)
	case minutes > 0:
		text = l.Count(minutes, "This will take about %d minute. A private answer is possible for 15 minutes only.",
			"This will take about %d minutes. A private answer is possible for 15 minutes only.", minutes)
	}
	return Message{Content: text, Rows: privateChoices(l, id)}
}

// DirectClosed says that the person takes no direct messages, and asks again.
func DirectClosed(l language.Language, id string) Message {
	return Message{
		Content: l.Text("I cannot write to you: you take no direct messages from this server. " +
			"Allow them in the server's privacy settings and press the first button again, or choose another."),
		Rows: privateChoices(l, id),
	}
}

func privateChoices(l language.Language, id string) []Row {
	press := func(style Style, label, answer string) Button {
		return Button{Style: style, Label: label, ID: button.ID{Verb: button.Private, Job: id, Arg: answer}.String()}
	}
	return []Row{{
		press(Primary, l.Text("Send it to me by direct message"), AnswerDirect),
		press(Secondary, l.Text("Make it public"), AnswerPublic), press(Secondary, l.Text("Cancel"), AnswerNo),
	}}
}

// DirectAccepted replaces the question when the images come by direct message. at is the message that waits for them.
func DirectAccepted(l language.Language, at Link) Message {
	return Message{Content: l.Sprintf("Accepted. The images come to you by direct message: %s", at.address())}
}

// InDirect is the private message of images that came by direct message, because they could not be put into it.
func InDirect(to Address, spec picture.Spec, at Link) Message {
	return report{
		to: to, spec: spec, color: ColorDone,
		lines: "🖼️ " + to.Language.Sprintf("Finished. The images are in your direct messages: %s", at.address()),
	}.message()
}

// Ping tells the owner of a job, in a reply to its message, that it has ended.
func Ping(l language.Language, user string, failed bool) Message {
	m := Message{AllowUsers: []string{user}}
	if failed {
		m.Content = l.Sprintf("%s Your request failed.", "<@"+user+">")
	} else {
		m.Content = l.Sprintf("%s Your images are ready.", "<@"+user+">")
	}
	return m
}
