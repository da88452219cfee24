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

// imagine asks for two images of a boat and returns the interaction.
func (cl *cluster) imagine(steps int, options ...sandbox.Option) sandbox.Interaction {
	cl.t.Helper()
	return cl.ask(cl.home.Member.ID, "a red boat on a blue sea", steps, options...)
}

// ask sends /imagine as a person.
func (cl *cluster) ask(who, what string, steps int, options ...sandbox.Option) sandbox.Interaction {
	cl.t.Helper()
	options = append([]sandbox.Option{
		sandbox.With("prompt", what), sandbox.With("steps", steps), sandbox.With("count", 2),
	}, options...)
	i, err := cl.Command(who, cl.home.Channel.ID, "imagine", options...)
	if err != nil {
		cl.t.Fatalf("imagine: %v", err)
	}
	return i
}

// waitText waits until the answer to an interaction contains text.
func (cl *cluster) waitText(i sandbox.Interaction, text string) sandbox.Message {
	cl.t.Helper()
	m, err := cl.WaitReply(cl.ctx(), i.ID, func(m sandbox.Message) bool { return strings.Contains(m.Text(), text) })
	if err != nil {
		cl.t.Fatalf("the answer never said %q; it says %q", text, m.Text())
	}
	return m
}

// waitResult waits until the answer to an interaction has its finished images.
func (cl *cluster) waitResult(i sandbox.Interaction) sandbox.Message {
	cl.t.Helper()
	m, err := cl.WaitReply(cl.ctx(), i.ID, func(m sandbox.Message) bool { return resultOf(m) != "" })
	if err != nil {
		cl.t.Fatalf("the answer never showed pictures; it says %q", m.Text())
	}
	return m
}

// resultOf returns the job whose finished pictures a message shows, or "".
func resultOf(m sandbox.Message) string {
	if len(m.Files) == 0 {
		return ""
	}
	for _, customID := range m.CustomIDs() {
		if id, err := button.Parse(customID); err == nil && id.Verb == button.Remix {
			return id.Job
		}
	}
	return ""
}

// memberResults counts the visible results of each job in every channel that the member can see.
func (cl *cluster) memberResults() map[string]int {
	n := map[string]int{}
	for _, c := range cl.ChannelsOf(cl.home.Member.ID) {
		for _, m := range cl.VisibleMessages(cl.home.Member.ID, c.ID) {
			if job := resultOf(m); job != "" {
				n[job]++
			}
		}
	}
	return n
}

// wantOneResultEach fails unless each of these interactions has exactly one visible result and no other job has any.
func (cl *cluster) wantOneResultEach(asked ...sandbox.Interaction) {
	cl.t.Helper()
	got := cl.memberResults()
	for _, i := range asked {
		if n := got[i.ID+"-0"]; n != 1 {
			cl.t.Errorf("job %s-0 has %d visible results, want exactly 1", i.ID, n)
		}
		delete(got, i.ID+"-0")
	}
	for job, n := range got {
		cl.t.Errorf("job %s has %d visible results, want none", job, n)
	}
}

// waitQueueEmpty waits until the queue is empty, so that whatever would still be posted is posted.
func (cl *cluster) waitQueueEmpty() {
	cl.t.Helper()
	q := cl.dialQueue()
	defer q.Close()
	ctx := cl.ctx()
	for {
		snap, err := q.Snapshot(ctx)
		if err == nil && snap.Waiting+snap.Running == 0 {
			return
		}
		if ctx.Err() != nil {
			cl.t.Fatalf("the queue never emptied: %+v, %v", snap, errors.Join(err, ctx.Err()))
		}
		time.Sleep(50 * time.Millisecond) // nothing signals that it is empty
	}
}

var (
	answerPath   = regexp.MustCompile(`^/webhooks/\d+/[^/]+/messages/@original$`)
	callbackPath = regexp.MustCompile(`^/interactions/\d+/[^/]+/callback$`)
	postPath     = regexp.MustCompile(`^/channels/\d+/messages$`)
	editPath     = regexp.MustCompile(`^/channels/\d+/messages/`)
	finishedBody = regexp.MustCompile(`1:remix:`)
)

// holdRequests stops the requests that f matches until release is called. met signals each of them.
func (cl *cluster) holdRequests(f sandbox.Fault) (met <-chan struct{}, release func()) {
	came, gate := make(chan struct{}, 8), make(chan struct{})
	f.Matched, f.Hold = came, gate
	cl.t.Cleanup(cl.Fail(f))
	return came, sync.OnceFunc(func() { close(gate) })
}

// callbackFault matches the acknowledgement of an interaction.
func callbackFault() sandbox.Fault {
	return sandbox.Fault{Method: "POST", Path: callbackPath, Times: 1}
}

// waitSignal waits for a signal.
func (cl *cluster) waitSignal(what string, c <-chan struct{}) {
	cl.t.Helper()
	select {
	case <-c:
	case <-cl.ctx().Done():
		cl.t.Fatalf("%s never happened", what)
	}
}

func (cl *cluster) button(m sandbox.Message, verb button.Verb) string {
	cl.t.Helper()
	for _, customID := range m.CustomIDs() {
		if id, err := button.Parse(customID); err == nil && id.Verb == verb {
			return customID
		}
	}
	cl.t.Fatalf("message %q has no button %q", m.Text(), verb)
	return ""
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
