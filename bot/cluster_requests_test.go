package bot_test

import (
	"fmt"
	"strings"

	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/store"
)

// command runs a command as a member in the channel and returns the interaction.
func (h *cluster) command(name string, options ...sandbox.Option) sandbox.Interaction {
	h.t.Helper()
	return h.commandAs(h.defaults.Member.ID, h.defaults.Channel.ID, name, options...)
}

func (h *cluster) commandAs(user, channel, name string, options ...sandbox.Option) sandbox.Interaction {
	h.t.Helper()
	i, err := h.sandbox.Command(user, channel, name, options...)
	if err != nil {
		h.t.Fatalf("/%s: %v", name, err)
	}
	return i
}

func (h *cluster) click(user, message, customID string) sandbox.Interaction {
	h.t.Helper()
	i, err := h.sandbox.Click(user, message, customID)
	if err != nil {
		h.t.Fatalf("click %s: %v\nmessage: %s", customID, err, h.describeMessage(message))
	}
	return i
}

// waitAnswer waits for a fitting answer to an interaction.
func (h *cluster) waitAnswer(i sandbox.Interaction, what string, fits func(sandbox.Message) bool) sandbox.Message {
	h.t.Helper()
	m, err := h.sandbox.WaitReply(h.ctx, i.ID, fits)
	if err != nil {
		now, _ := h.sandbox.FindInteraction(i.ID)
		h.t.Fatalf("waiting for %s: %v\nnow: %s\nlog:\n%s", what, err, h.describeMessage(now.Original), h.log)
	}
	return m
}

func (h *cluster) describeMessage(message string) string {
	for _, u := range h.sandbox.Users() {
		if m, ok := h.sandbox.VisibleMessage(u.ID, message); ok {
			return describe(m)
		}
	}
	return "no message " + message
}

func describe(m sandbox.Message) string {
	text := fmt.Sprintf("%q, %d files, buttons", m.Text(), len(m.Files))
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
		if c.Accessory != nil {
			ids = append(ids, c.Accessory.CustomID)
		}
	}
	return ids
}

// more presses a button of the list that ⋯ shows on the card of a job.
func (h *cluster) more(user string, m sandbox.Message, verb, job string) sandbox.Interaction {
	h.t.Helper()
	list := h.waitText(h.click(user, m.ID, "1:more:"+job+":0"), "More")
	for _, id := range buttons(list.Components) {
		if strings.HasPrefix(id, "1:"+verb+":"+job+":0") {
			return h.click(user, list.ID, id)
		}
	}
	h.t.Fatalf("%s has no button to %s", describe(list), verb)
	return sandbox.Interaction{}
}

// waitPictures waits for an answer with so many pictures.
func (h *cluster) waitPictures(i sandbox.Interaction, tiles int) sandbox.Message {
	h.t.Helper()
	return h.waitAnswer(i, fmt.Sprintf("%d pictures", tiles), func(m sandbox.Message) bool {
		return len(m.Files) == tiles && !hasCancelButton(m)
	})
}

// hasCancelButton tells whether a message offers to cancel its job.
func hasCancelButton(m sandbox.Message) bool {
	for _, id := range buttons(m.Components) {
		if strings.HasPrefix(id, "1:cancel:") {
			return true
		}
	}
	return false
}

// waitText waits for an answer that contains a text.
func (h *cluster) waitText(i sandbox.Interaction, text string) sandbox.Message {
	h.t.Helper()
	return h.waitAnswer(i, fmt.Sprintf("an answer that says %q", text), func(m sandbox.Message) bool {
		return strings.Contains(unescaped(m.Text()), text)
	})
}

// unescaped takes markdown's backslashes out.
func unescaped(text string) string { return strings.ReplaceAll(text, `\`, "") }

// waitNote waits for a private message in the channel that contains a text.
func (h *cluster) waitNote(user, channel, text string) sandbox.Message {
	h.t.Helper()
	m, err := h.sandbox.WaitMessage(h.ctx, user, channel, func(m sandbox.Message) bool {
		return m.Viewer == user && strings.Contains(unescaped(m.Text()), text)
	})
	if err != nil {
		var all []string
		for _, m := range h.sandbox.VisibleMessages(user, channel) {
			all = append(all, describe(m))
		}
		h.t.Fatalf("waiting for a note that says %q: %v\nmessages:\n%s", text, err, strings.Join(all, "\n"))
	}
	return m
}

// imagineQueued asks for pictures and waits until the job is in the queue. A message may say "waiting" a moment
// before that.
func (h *cluster) imagineQueued(options ...sandbox.Option) sandbox.Interaction {
	h.t.Helper()
	i := h.command("imagine", options...)
	h.waitAnswer(i, "an answer", nil)
	h.pollUntil("the job to be in the queue", func() bool { return h.job(i).Epoch > 0 })
	return i
}

// job returns the job of an interaction.
func (h *cluster) job(i sandbox.Interaction) store.Job {
	h.t.Helper()
	e, err := h.db.Find(h.ctx, i.ID+"-0")
	if err != nil {
		h.t.Fatal(err)
	}
	return e
}

func (h *cluster) spec(i sandbox.Interaction) picture.Spec {
	h.t.Helper()
	s, err := picture.Decode(h.job(i).Spec)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// lease has a renderer of this name take a job.
func (h *cluster) lease(i sandbox.Interaction, slot string) queue.Lease {
	h.t.Helper()
	leases, err := h.queue.Reserve(h.ctx, slot, "once", queue.Capacity{Lanes: queue.Lanes(h.spec(i).Lane()), MaxJobs: 1})
	if err != nil || len(leases) != 1 {
		h.t.Fatalf("reserve: got %v, %v, want one lease", leases, err)
	}
	return leases[0]
}
