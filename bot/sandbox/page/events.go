package page

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"darkroom/bot/sandbox/world"
)

// keepAliveInterval is how often an idle event stream sends a comment, which keeps the connection open.
const keepAliveInterval = 15 * time.Second

// events streams what a user sees as server-sent events. The id of an event is the number from which the page continues
// after an interruption.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	user := r.URL.Query().Get("user")
	after := r.Header.Get("Last-Event-ID")
	if after == "" {
		after = r.URL.Query().Get("after")
	}
	seq, _ := strconv.Atoi(after) // 0 if it is no number: then the page loads everything
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	fmt.Fprint(w, ": hello\n\n")
	for {
		changed := p.world.Changed()
		list, next, whole := p.world.ChangesSince(user, seq)
		if !whole {
			fmt.Fprint(w, "data: {\"kind\":\"reset\"}\n\n")
			out.Flush()
			return
		}
		seq = next
		for _, c := range list {
			writeEvent(w, c.Seq, p.event(user, c))
		}
		if out.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		case <-time.After(keepAliveInterval):
			fmt.Fprint(w, ": keep-alive\n\n")
		}
	}
}

func writeEvent(w http.ResponseWriter, seq int, body map[string]any) {
	if body == nil {
		return
	}
	data, err := json.Marshal(body)
	if err != nil {
		return // the page sees this change when it loads everything again
	}
	fmt.Fprintf(w, "id: %d\ndata: %s\n\n", seq, data)
}

// event returns a change in the form that the page expects; nil if the page does not need it.
func (p *Page) event(user string, c world.Change) map[string]any {
	switch c.Kind {
	case "MESSAGE_CREATE", "MESSAGE_UPDATE":
		m, there := p.world.VisibleMessage(user, c.Message)
		if !there {
			return nil // it was deleted since, which is its own event
		}
		return map[string]any{"kind": "message", "message": m}
	case "MESSAGE_DELETE":
		return map[string]any{"kind": "delete", "channel": c.Channel, "id": c.Message}
	case "ANSWER":
		i, _ := p.world.FindInteraction(c.Interaction)
		return map[string]any{"kind": "answer", "interaction": i.ID, "type": i.Answer, "form": i.Form}
	case "COMMANDS":
		return map[string]any{"kind": "commands"}
	case "BOT":
		return map[string]any{"kind": "bot", "online": p.online()}
	case "TYPING":
		return map[string]any{"kind": "typing", "channel": c.Channel}
	}
	return nil
}
