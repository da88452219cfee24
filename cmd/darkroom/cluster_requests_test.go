//go:build cgo

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/message"
	"darkroom/bot/sandbox"
)

// userRequest is one /imagine. Whatever happens, it ends in exactly one of the ways that people can see.
type userRequest struct {
	sandbox.Interaction
	who           string
	at            time.Time
	secret        string // the prompt of a private request
	direct        bool   // it answered a question: its message is a direct one
	deleted       bool   // its message was deleted: it stays deleted
	cancelClicked bool   // somebody clicked Cancel; the click may have been lost
}

// The ends of a request.
const (
	unacknowledged = "unheard"   // nobody acknowledged it in time, so it was never accepted
	refused        = "refused"   // it was refused at once
	asked          = "asked"     // it is private, and the bot asked where it shall go
	shown          = "shown"     // its pictures are there
	cancelled      = "cancelled" // a person cancelled it
	apologised     = "sorry"     // an apology is there
	removed        = "removed"   // its message was deleted
	unfinished     = ""          // it has not ended
)

// failedText is in the message of a job that failed, and in no other.
const failedText = "⚠️ Failed: "

// ackTimeout is how long Discord waits for an acknowledgement.
const ackTimeout = 3 * time.Second

// requests are all requests to a cluster.
type requests struct {
	*cluster
	people []string
	all    []*userRequest
}

// newRequests adds people to a cluster; each has limits of their own.
func newRequests(w *cluster, people int) *requests {
	w.Rules().Allow("unanswered") // a request at the moment when the bot dies may be lost
	w.Rules().Allow("dead-token") // a new process does not know which tokens another was refused
	rs := &requests{cluster: w}
	for i := range people {
		rs.people = append(rs.people, w.AddUser(fmt.Sprintf("person %d", i), false).ID)
	}
	return rs
}

// submit asks for one image.
func (rs *requests) submit(who, what string, steps int, options ...sandbox.Option) *userRequest {
	rs.t.Helper()
	i := rs.ask(who, what, steps, append(options, sandbox.With("count", 1))...)
	w := &userRequest{Interaction: i, who: who, at: time.Now()}
	rs.all = append(rs.all, w)
	return w
}

// submitPrivately asks for one image that nobody else may see.
func (rs *requests) submitPrivately(who string, steps int) *userRequest {
	rs.t.Helper()
	secret := fmt.Sprintf("a secret boat, the %d.", len(rs.all))
	w := rs.submit(who, secret, steps, sandbox.With("private", true))
	w.secret = secret
	return w
}

// haveSentDirectly answers the question that a private request may have led to: it shall come by direct message.
func (rs *requests) haveSentDirectly(w *userRequest) {
	m, ok := rs.message(w)
	if !ok || w.direct {
		return
	}
	for _, customID := range m.CustomIDs() {
		if id, err := button.Parse(customID); err == nil && id.Verb == button.Private && id.Arg == message.AnswerDirect {
			if i, err := rs.Click(w.who, m.ID, customID); err == nil {
				rs.all = append(rs.all, &userRequest{Interaction: i, who: w.who, at: time.Now(), secret: w.secret, direct: true})
			}
			return
		}
	}
}

// directEnd says how a job ended whose message is a direct one.
func (rs *requests) directEnd(w *userRequest) string {
	c, err := rs.DM(w.who)
	if err != nil {
		rs.t.Fatal(err)
	}
	end := refused // none was accepted: the question is there still, or somebody answered it before
	for _, m := range rs.VisibleMessages(w.who, c.ID) {
		switch {
		case slices.Contains(m.CustomIDs(), button.ID{Verb: button.Cancel, Job: w.ID + "-0"}.String()):
			return unfinished
		case strings.Contains(m.Text(), failedText) && strings.Contains(m.Text(), w.secret):
			end = apologised
		}
	}
	return end
}

// checkSecrets looks for private prompts where others read them.
func (rs *requests) checkSecrets() {
	rs.t.Helper()
	for _, m := range rs.VisibleMessages(rs.home.Moderator.ID, rs.home.Channel.ID) {
		if strings.Contains(m.Text(), "secret") {
			rs.t.Errorf("everybody reads %q", m.Text())
		}
	}
}

// idlePerson is a person who is not busy.
func (rs *requests) idlePerson() string { return rs.people[len(rs.all)%len(rs.people)] }

// submitSlow asks for an image that takes a tenth of a second for each step, and waits until it runs.
func (rs *requests) submitSlow(steps int) *userRequest {
	rs.t.Helper()
	w := rs.submit(rs.idlePerson(), "a "+slowWord+" boat", steps)
	rs.waitText(w.Interaction, "Generating")
	return w
}

// message is the message of a request as its owner sees it now.
func (rs *requests) message(w *userRequest) (sandbox.Message, bool) {
	known, _ := rs.FindInteraction(w.ID)
	if known.Original == "" {
		return sandbox.Message{}, false
	}
	return rs.VisibleMessage(w.who, known.Original)
}

// cancel clicks Cancel, if the button is there.
func (rs *requests) cancel(w *userRequest) {
	m, ok := rs.message(w)
	if !ok {
		return
	}
	for _, customID := range m.CustomIDs() {
		if id, err := button.Parse(customID); err == nil && id.Verb == button.Cancel {
			_, err := rs.Click(w.who, m.ID, customID)
			w.cancelClicked = w.cancelClicked || err == nil
			return
		}
	}
}

// remove deletes the message of a request, if there is one.
func (rs *requests) remove(w *userRequest) {
	if m, ok := rs.message(w); ok && rs.DeleteMessage(rs.home.Moderator.ID, m.ID) == nil {
		w.deleted = true
	}
}

// endOf says how a request ended, as its owner sees it. results counts the messages that show each job's images.
func (rs *requests) endOf(w *userRequest, results map[string]int) string {
	m, ok := rs.message(w)
	known, _ := rs.FindInteraction(w.ID)
	switch {
	case w.deleted:
		return removed
	case results[w.ID+"-0"] > 0:
		return shown
	case w.direct:
		return rs.directEnd(w)
	case known.Original == "" && time.Since(w.at) > ackTimeout:
		return unacknowledged
	case !ok:
		return unfinished // its message was replaced, and the new one is not there yet
	case strings.Contains(m.Text(), "could not save your request"),
		strings.Contains(m.Text(), "No renderer is ready yet"):
		return refused
	case strings.Contains(m.Text(), "private answer is possible for"), strings.Contains(m.Text(), "by direct message"):
		return asked
	case strings.Contains(m.Text(), "Cancelled"):
		return cancelled
	case strings.Contains(m.Text(), failedText):
		return apologised
	}
	return unfinished
}

// allResults counts the visible results of each job in every channel that anybody can see.
func (rs *requests) allResults() map[string]int {
	n, seen := map[string]int{}, map[string]bool{}
	for _, who := range append([]string{rs.home.Member.ID}, rs.people...) {
		for _, c := range rs.ChannelsOf(who) {
			for _, m := range rs.VisibleMessages(who, c.ID) { // private ones are visible to one person only
				if job := resultOf(m); job != "" && !seen[m.ID] {
					n[job]++
				}
				seen[m.ID] = true
			}
		}
	}
	return n
}

// verdict is how all requests ended.
type verdict struct {
	lost, doubled int
	ends          map[string]int
}

// judge waits until every request has ended and the queue is empty, and counts what must not happen.
func (rs *requests) judge() verdict {
	rs.t.Helper()
	ctx := rs.ctx()
	for ctx.Err() == nil && len(rs.pending()) > 0 {
		rs.waitForChange(ctx)
	}
	rs.waitQueueEmpty()
	rs.checkSecrets()
	results := rs.allResults()
	v := verdict{ends: map[string]int{}}
	for _, w := range rs.all {
		end, n := rs.endOf(w, results), results[w.ID+"-0"]
		v.ends[end]++
		delete(results, w.ID+"-0")
		switch {
		case n > 1, n > 0 && end != shown:
			v.doubled++
			rs.t.Errorf("job %s-0 ended %q and has %d visible results", w.ID, end, n)
		case end == unfinished:
			v.lost++
			m, _ := rs.message(w)
			rs.t.Errorf("job %s-0 never ended; it says %q", w.ID, m.Text())
		}
	}
	for job, n := range results {
		v.doubled++
		rs.t.Errorf("job %s has %d visible results and was asked for by nobody", job, n)
	}
	return v
}

// pending lists the requests that have not ended yet.
func (rs *requests) pending() []*userRequest {
	var left []*userRequest
	results := rs.allResults()
	for _, w := range rs.all {
		if rs.endOf(w, results) == unfinished {
			left = append(left, w)
		}
	}
	return left
}

// waitForChange waits until a message changes in the sandbox, or for a moment: a deletion gives no signal.
func (rs *requests) waitForChange(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	_, _ = rs.WaitMessage(ctx, rs.home.Member.ID, rs.home.Channel.ID, func(sandbox.Message) bool { return false })
}

// add adds a verdict.
func (f *faultReport) add(v verdict) {
	f.Lost, f.Double = f.Lost+v.lost, f.Double+v.doubled
}

func (v verdict) String() string {
	return fmt.Sprintf(
		"%d shown, %d cancelled, %d deleted, %d apologies, %d asked about, %d refused or never acknowledged",
		v.ends[shown], v.ends[cancelled], v.ends[removed], v.ends[apologised], v.ends[asked],
		v.ends[unacknowledged]+v.ends[refused])
}
