package page

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"darkroom/bot/sandbox/world"
)

// keepAliveInterval is how often an idle event stream says that it is alive.
const keepAliveInterval = 15 * time.Second

// events is the stream of what a person sees happen, as server-sent events.
// Each event's id is the number to go on from after a break.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	user := r.URL.Query().Get("user")
	after := r.Header.Get("Last-Event-ID")
	if after == "" {
		after = r.URL.Query().Get("after")
	}
	seq, _ := strconv.Atoi(after) // nonsense is 0: everything
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
			fmt.Fprint(w, ": breath\n\n")
		}
	}
}

func writeEvent(w http.ResponseWriter, seq int, body map[string]any) {
	if body == nil {
		return
	}
	data, err := json.Marshal(body)
	if err != nil {
		return // a change that cannot be told is not told; the page asks anew when it is opened
	}
	fmt.Fprintf(w, "id: %d\ndata: %s\n\n", seq, data)
}

// event words a change for the page; nil for what a page need not know.
func (p *Page) event(user string, c world.Change) map[string]any {
	switch c.Kind {
	case "MESSAGE_CREATE", "MESSAGE_UPDATE":
		m, there := p.world.VisibleMessage(user, c.Message)
		if !there {
			return nil // deleted since; that comes as its own event
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
