//go:build cgo

package main

import (
	"errors"
	"regexp"
	"strings"
	"sync"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/sandbox"
)

// imagine asks for pictures and returns the interaction's id.
func (w *town) imagine(steps int, options ...sandbox.Option) sandbox.Interaction {
	w.t.Helper()
	return w.ask(w.home.Member.ID, "a red boat on a blue sea", steps, options...)
}

// ask asks for pictures of something, as somebody.
func (w *town) ask(who, what string, steps int, options ...sandbox.Option) sandbox.Interaction {
	w.t.Helper()
	options = append([]sandbox.Option{
		sandbox.With("prompt", what), sandbox.With("steps", steps), sandbox.With("count", 2),
	}, options...)
	i, err := w.Command(who, w.home.Channel.ID, "imagine", options...)
	if err != nil {
		w.t.Fatalf("imagine: %v", err)
	}
	return i
}

// says waits until the answer to an interaction contains text.
func (w *town) says(i sandbox.Interaction, text string) sandbox.Message {
	w.t.Helper()
	m, err := w.WaitReply(w.ctx(), i.ID, func(m sandbox.Message) bool { return strings.Contains(m.Content, text) })
	if err != nil {
		w.t.Fatalf("the answer never said %q; it says %q", text, m.Content)
	}
	return m
}

// shows waits until the answer to an interaction carries its finished pictures.
func (w *town) shows(i sandbox.Interaction) sandbox.Message {
	w.t.Helper()
	m, err := w.WaitReply(w.ctx(), i.ID, func(m sandbox.Message) bool { return resultOf(m) != "" })
	if err != nil {
		w.t.Fatalf("the answer never showed pictures; it says %q", m.Content)
	}
	return m
}

// resultOf returns the job whose finished pictures a message shows, or "".
func resultOf(m sandbox.Message) string {
	if len(m.Attachments) == 0 {
		return ""
	}
	for _, row := range m.Components {
		for _, c := range row.Components {
			if id, err := button.Parse(c.CustomID); err == nil && id.Verb == button.Remix {
				return id.Job
			}
		}
	}
	return ""
}

// results counts the visible results of each job, in every place the member can see.
func (w *town) results() map[string]int {
	n := map[string]int{}
	for _, c := range w.ChannelsOf(w.home.Member.ID) {
		for _, m := range w.Messages(w.home.Member.ID, c.ID) {
			if job := resultOf(m); job != "" {
				n[job]++
			}
		}
	}
	return n
}

// oneEach fails unless each of these interactions has exactly one visible result and no other job has any.
func (w *town) oneEach(asked ...sandbox.Interaction) {
	w.t.Helper()
	got := w.results()
	for _, i := range asked {
		if n := got[i.ID+"-0"]; n != 1 {
			w.t.Errorf("job %s-0 has %d visible results, want exactly 1", i.ID, n)
		}
		delete(got, i.ID+"-0")
	}
	for job, n := range got {
		w.t.Errorf("job %s has %d visible results, want none", job, n)
	}
}

// settled waits until the line has nothing left, so that whatever would still be posted has been.
func (w *town) settled() {
	w.t.Helper()
	q := w.line()
	defer q.Close()
	ctx := w.ctx()
	for {
		snap, err := q.Snapshot(ctx)
		if err == nil && snap.Waiting+snap.Running == 0 {
			return
		}
		if ctx.Err() != nil {
			w.t.Fatalf("the line never emptied: %+v, %v", snap, errors.Join(err, ctx.Err()))
		}
		time.Sleep(50 * time.Millisecond) // emptiness has no signal of its own
	}
}

var (
	answers   = regexp.MustCompile(`^/webhooks/\d+/[^/]+/messages/@original$`)
	callbacks = regexp.MustCompile(`^/interactions/\d+/[^/]+/callback$`)
	posts     = regexp.MustCompile(`^/channels/\d+/messages$`)
	finished  = regexp.MustCompile(`1:remix:`)
)

// hold stops the requests that f chooses until let go. met is told when one came.
func (w *town) hold(f sandbox.Fault) (met <-chan struct{}, letGo func()) {
	came, gate := make(chan struct{}, 8), make(chan struct{})
	f.Met, f.Hold = came, gate
	w.t.Cleanup(w.Fail(f))
	return came, sync.OnceFunc(func() { close(gate) })
}

// faultOfCallback is the acknowledgement of an interaction.
func faultOfCallback() sandbox.Fault { return sandbox.Fault{Method: "POST", Path: callbacks, Times: 1} }

// await waits for a signal.
func (w *town) await(what string, c <-chan struct{}) {
	w.t.Helper()
	select {
	case <-c:
	case <-w.ctx().Done():
		w.t.Fatalf("%s never happened", what)
	}
}

func (w *town) button(m sandbox.Message, verb button.Verb) string {
	w.t.Helper()
	for _, row := range m.Components {
		for _, c := range row.Components {
			if id, err := button.Parse(c.CustomID); err == nil && id.Verb == verb {
				return c.CustomID
			}
		}
	}
	w.t.Fatalf("message %q has no button %q", m.Content, verb)
	return ""
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
