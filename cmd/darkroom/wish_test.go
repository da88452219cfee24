//go:build cgo

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/sandbox"
)

// wish is something that was asked for. Whatever happens, it ends in exactly one of the ways that people can see.
type wish struct {
	sandbox.Interaction
	who     string
	at      time.Time
	deleted bool // its message was deleted: it stays deleted
	clicked bool // somebody wished to cancel it; the click may have been lost
}

// The ends of a wish.
const (
	unheard   = "unheard"   // nobody acknowledged it in time, so nothing was promised
	refused   = "refused"   // it was refused at once, and nothing was promised
	shown     = "shown"     // its pictures are there
	cancelled = "cancelled" // a person wanted it no more
	sorry     = "sorry"     // an apology is there
	removed   = "removed"   // its message was deleted
	open      = ""          // it has not ended
)

// hearing is how long the platform waits for an acknowledgement.
const hearing = 3 * time.Second

// wishes are all that was asked for in a town.
type wishes struct {
	*town
	people []string
	all    []*wish
}

// newWishes gathers people in a town; each has a limit of their own.
func newWishes(w *town, people int) *wishes {
	w.Rules().Allow("unanswered") // what is asked in the moment the bot dies may never be heard
	w.Rules().Allow("dead-token") // a process that is started anew does not know what another was refused
	ws := &wishes{town: w}
	for i := range people {
		ws.people = append(ws.people, w.AddUser(fmt.Sprintf("person %d", i), false).ID)
	}
	return ws
}

// make asks for one picture.
func (ws *wishes) make(who, what string, steps int, options ...sandbox.Option) *wish {
	ws.t.Helper()
	i := ws.ask(who, what, steps, append(options, sandbox.With("count", 1))...)
	w := &wish{Interaction: i, who: who, at: time.Now()}
	ws.all = append(ws.all, w)
	return w
}

// one is somebody who is not busy.
func (ws *wishes) one() string { return ws.people[len(ws.all)%len(ws.people)] }

// painting asks for something that takes a tenth of a second for each step, and waits until it is painted.
func (ws *wishes) painting(steps int) *wish {
	ws.t.Helper()
	w := ws.make(ws.one(), "a "+slowWord+" boat", steps)
	ws.says(w.Interaction, "Painting")
	return w
}

// message is what a wish shows now.
func (ws *wishes) message(w *wish) (sandbox.Message, bool) {
	known, _ := ws.Asked(w.ID)
	if known.Original == "" {
		return sandbox.Message{}, false
	}
	return ws.MessageSeen(w.who, known.Original)
}

// cancel clicks on Cancel, if that can be done.
func (ws *wishes) cancel(w *wish) {
	m, ok := ws.message(w)
	if !ok {
		return
	}
	for _, row := range m.Components {
		for _, c := range row.Components {
			if id, err := button.Parse(c.CustomID); err == nil && id.Verb == button.Cancel {
				_, err := ws.Click(w.who, m.ID, c.CustomID)
				w.clicked = w.clicked || err == nil
				return
			}
		}
	}
}

// remove deletes a wish's message, if there is one.
func (ws *wishes) remove(w *wish) {
	if m, ok := ws.message(w); ok && ws.DeleteMessage(ws.home.Moderator.ID, m.ID) == nil {
		w.deleted = true
	}
}

// end tells how a wish ended, as its asker sees it. results counts the messages that show each job's pictures.
func (ws *wishes) end(w *wish, results map[string]int) string {
	m, ok := ws.message(w)
	known, _ := ws.Asked(w.ID)
	switch {
	case w.deleted:
		return removed
	case results[w.ID+"-0"] > 0:
		return shown
	case known.Original == "" && time.Since(w.at) > hearing:
		return unheard
	case !ok:
		return open // its message made room for one that is not there yet
	case strings.Contains(m.Content, "could not write your request down"), strings.Contains(m.Content, "No renderer has told me yet"):
		return refused
	case strings.Contains(m.Content, "Cancelled"):
		return cancelled
	case strings.Contains(m.Content, "could not be painted"):
		return sorry
	}
	return open
}

// everywhere counts the visible results of each job, in every place that anybody can see.
func (ws *wishes) everywhere() map[string]int {
	n, seen := map[string]int{}, map[string]bool{}
	for _, who := range append([]string{ws.home.Member.ID}, ws.people...) {
		for _, c := range ws.ChannelsOf(who) {
			if seen[c.ID] {
				continue
			}
			seen[c.ID] = true
			for _, m := range ws.Messages(who, c.ID) {
				if job := resultOf(m); job != "" {
					n[job]++
				}
			}
		}
	}
	return n
}

// verdict is what became of all wishes.
type verdict struct {
	lost, double int
	ends         map[string]int
}

// judge waits until every wish has ended and the line is empty, and counts what must not be.
func (ws *wishes) judge() verdict {
	ws.t.Helper()
	ctx := ws.ctx()
	for ctx.Err() == nil && len(ws.pending()) > 0 {
		ws.pause(ctx)
	}
	ws.settled()
	results := ws.everywhere()
	v := verdict{ends: map[string]int{}}
	for _, w := range ws.all {
		end, n := ws.end(w, results), results[w.ID+"-0"]
		v.ends[end]++
		delete(results, w.ID+"-0")
		switch {
		case n > 1, n > 0 && end != shown:
			v.double++
			ws.t.Errorf("job %s-0 ended %q and has %d visible results", w.ID, end, n)
		case end == open:
			v.lost++
			m, _ := ws.message(w)
			ws.t.Errorf("job %s-0 never ended; it says %q", w.ID, m.Content)
		}
	}
	for job, n := range results {
		v.double++
		ws.t.Errorf("job %s has %d visible results and was asked for by nobody", job, n)
	}
	return v
}

// pending lists what has not ended yet.
func (ws *wishes) pending() []*wish {
	var left []*wish
	results := ws.everywhere()
	for _, w := range ws.all {
		if ws.end(w, results) == open {
			left = append(left, w)
		}
	}
	return left
}

// pause waits until something changes in the sandbox, or a moment: a deletion is no sign of an end.
func (ws *wishes) pause(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	_, _ = ws.WaitMessage(ctx, ws.home.Member.ID, ws.home.Channel.ID, func(sandbox.Message) bool { return false })
}

// add sums what was found.
func (f *fact) add(v verdict) {
	f.Lost, f.Double = f.Lost+v.lost, f.Double+v.double
}

func (v verdict) String() string {
	return fmt.Sprintf("%d shown, %d cancelled, %d deleted, %d apologies, %d refused or never acknowledged",
		v.ends[shown], v.ends[cancelled], v.ends[removed], v.ends[sorry], v.ends[unheard]+v.ends[refused])
}
