package bot_test

import (
	"fmt"
	"strings"

	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/store"
)

// ask runs a command as a member in the channel and returns the interaction.
func (h *house) ask(name string, options ...sandbox.Option) sandbox.Interaction {
	h.t.Helper()
	return h.askAs(h.home.Member.ID, h.home.Channel.ID, name, options...)
}

func (h *house) askAs(user, channel, name string, options ...sandbox.Option) sandbox.Interaction {
	h.t.Helper()
	i, err := h.box.Command(user, channel, name, options...)
	if err != nil {
		h.t.Fatalf("/%s: %v", name, err)
	}
	return i
}

func (h *house) click(user, message, customID string) sandbox.Interaction {
	h.t.Helper()
	i, err := h.box.Click(user, message, customID)
	if err != nil {
		h.t.Fatalf("click %s: %v\nmessage: %s", customID, err, h.show(message))
	}
	return i
}

// answer waits for a fitting answer to an interaction.
func (h *house) answer(i sandbox.Interaction, what string, fits func(sandbox.Message) bool) sandbox.Message {
	h.t.Helper()
	m, err := h.box.WaitReply(h.ctx, i.ID, fits)
	if err != nil {
		now, _ := h.box.Asked(i.ID)
		h.t.Fatalf("waiting for %s: %v\nnow: %s\nlog:\n%s", what, err, h.show(now.Original), h.log)
	}
	return m
}

func (h *house) show(message string) string {
	for _, u := range h.box.Users() {
		if m, ok := h.box.MessageSeen(u.ID, message); ok {
			return describe(m)
		}
	}
	return "no message " + message
}

func describe(m sandbox.Message) string {
	text := fmt.Sprintf("%q, %d files, buttons", m.Content, len(m.Attachments))
	for _, id := range buttons(m.Components) {
		text += " " + id
	}
	return text
}

func buttons(cs []sandbox.Component) (ids []string) {
	for _, c := range cs {
		if c.CustomID != "" {
			ids = append(ids, c.CustomID)
		}
		ids = append(ids, buttons(c.Components)...)
	}
	return ids
}

// painted waits for an answer with so many pictures.
func (h *house) painted(i sandbox.Interaction, tiles int) sandbox.Message {
	h.t.Helper()
	return h.answer(i, fmt.Sprintf("%d pictures", tiles), func(m sandbox.Message) bool { return len(m.Attachments) == tiles && !living(m) })
}

// living tells whether a message offers to cancel its job.
func living(m sandbox.Message) bool {
	for _, id := range buttons(m.Components) {
		if strings.HasPrefix(id, "1:cancel:") {
			return true
		}
	}
	return false
}

// says waits for an answer that contains a text.
func (h *house) says(i sandbox.Interaction, text string) sandbox.Message {
	h.t.Helper()
	return h.answer(i, fmt.Sprintf("an answer that says %q", text), func(m sandbox.Message) bool { return strings.Contains(plain(m.Content), text) })
}

// plain takes markdown's backslashes out.
func plain(text string) string { return strings.ReplaceAll(text, `\`, "") }

// note waits for a private message in the channel that contains a text.
func (h *house) note(user, channel, text string) sandbox.Message {
	h.t.Helper()
	m, err := h.box.WaitMessage(h.ctx, user, channel, func(m sandbox.Message) bool { return m.Viewer == user && strings.Contains(plain(m.Content), text) })
	if err != nil {
		var all []string
		for _, m := range h.box.Messages(user, channel) {
			all = append(all, describe(m))
		}
		h.t.Fatalf("waiting for a note that says %q: %v\nmessages:\n%s", text, err, strings.Join(all, "\n"))
	}
	return m
}

// queued asks for pictures and waits until the job is in line. A message may say "waiting" a moment before that.
func (h *house) queued(options ...sandbox.Option) sandbox.Interaction {
	h.t.Helper()
	i := h.ask("imagine", options...)
	h.answer(i, "an answer", nil)
	h.poll("the job to be in line", func() bool { return h.entry(i).Epoch > 0 })
	return i
}

// entry returns the job of an interaction.
func (h *house) entry(i sandbox.Interaction) store.Entry {
	h.t.Helper()
	e, err := h.ledger.Find(h.ctx, i.ID+"-0")
	if err != nil {
		h.t.Fatal(err)
	}
	return e
}

func (h *house) spec(i sandbox.Interaction) picture.Spec {
	h.t.Helper()
	s, err := picture.Decode(h.entry(i).Spec)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// lease has a renderer of this name take a job.
func (h *house) lease(i sandbox.Interaction, slot string) queue.Lease {
	h.t.Helper()
	leases, err := h.line.Reserve(h.ctx, slot, "once", queue.Offer{Lanes: queue.Lanes(h.spec(i).Lane()), Max: 1})
	if err != nil || len(leases) != 1 {
		h.t.Fatalf("reserve: got %v, %v, want one lease", leases, err)
	}
	return leases[0]
}
