package world

import (
	"regexp"
	"slices"
	"strings"

	"darkroom/bot/sandbox/wire"
)

var (
	userMention     = regexp.MustCompile(`<@!?([0-9]+)>`)
	everyoneMention = regexp.MustCompile(`@(everyone|here)\b`)
	codeSpan        = regexp.MustCompile("(?s)```.*?```|``.*?``|`[^`]*`")
)

// ping finds whom a message mentions and whom of them Discord notifies. Without allowed_mentions, a channel message
// notifies everybody it names; a webhook or interaction message notifies users only. The lock is held.
func (w *World) ping(m *Message, d *wire.Draft, byWebhook bool) {
	allowed := d.Mentions
	if allowed == nil {
		allowed = &wire.AllowedMentions{Parse: []string{"users", "roles", "everyone"}, RepliedUser: true}
		if byWebhook {
			allowed.Parse = []string{"users"}
		}
	}
	text := codeSpan.ReplaceAllString(m.Content+displayText(m.Components), "")
	m.Mentions, m.Pings, m.MentionEveryone = []wire.User{}, nil, false
	for _, match := range userMention.FindAllStringSubmatch(text, -1) {
		w.mention(m, match[1], slices.Contains(allowed.Parse, "users") || slices.Contains(allowed.Users, match[1]))
	}
	if m.Reference != nil && allowed.RepliedUser {
		if to := w.state.Messages[m.Reference.MessageID]; to != nil {
			w.mention(m, to.Author.ID, true)
		}
	}
	if everyoneMention.MatchString(text) && slices.Contains(allowed.Parse, "everyone") {
		m.MentionEveryone = true
		m.Pings = append(m.Pings, "everyone")
	}
}

func (w *World) mention(m *Message, id string, pings bool) {
	u := w.state.Users[id]
	if u == nil || !pings || slices.Contains(m.Pings, id) {
		return
	}
	m.Mentions = append(m.Mentions, *u)
	m.Pings = append(m.Pings, id)
}

// displayText returns the text of V2 components, whose mentions count as those of content do.
func displayText(list []wire.Component) string {
	var b strings.Builder
	wire.Walk(list, "", func(_ string, c *wire.Component) {
		if c.Type == wire.TextDisplay {
			b.WriteString("\n" + c.Content)
		}
	})
	return b.String()
}
