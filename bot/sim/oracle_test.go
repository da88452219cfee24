package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/rules"
	"darkroom/queue"
	"darkroom/store"
)

// verdict is what the oracle found in one cluster.
type verdict struct {
	Seed          uint64
	Jobs          int            // that the bot acknowledged
	Masked        int            // those that are done and had a mask
	Ends          map[string]int // the number of jobs by how they ended
	Faults        map[string]int // how often each fault was tried
	Recovery      time.Duration  // from the end of the last fault until the last job ended
	Lost          []string
	Double        []string
	WrongMessages []string // messages whose text is wrong
}

// oracle compares the database with what Discord showed.
type oracle struct {
	*workload
	shownBy map[string][]string // the messages that ever showed a job's pictures, by job
	verdict verdict
}

// check checks all interactions.
func (w *workload) check() verdict {
	o := &oracle{workload: w, shownBy: pictureMessages(w.Rules().Requests()), verdict: verdict{Ends: map[string]int{}}}
	for _, i := range w.interactions {
		o.checkInteraction(i)
		delete(o.shownBy, i+"-0")
	}
	o.checkBodies()
	o.checkSecrets()
	o.checkPings()
	for job, messages := range o.shownBy {
		o.addDouble(job, "was never asked for, and %d messages showed it", len(messages))
	}
	return o.verdict
}

// checkBodies looks for requests that Discord refused as malformed, such as an edit of a card that would take it back
// to the older form, or that names a file which the message does not have.
func (o *oracle) checkBodies() {
	for _, r := range o.Rules().Requests() {
		var refusal struct {
			Code   int             `json:"code"`
			Errors json.RawMessage `json:"errors"`
		}
		if r.Status == 400 && json.Unmarshal(r.Answer, &refusal) == nil && refusal.Code == 50035 &&
			!o.repliesToDeleted(r) {
			o.addWrongMessage(r.Method, "%.60s was refused as malformed: %s", r.Path, refusal.Errors)
		}
	}
}

// repliesToDeleted reports whether a request is a reply to a message that somebody deleted: nobody can know that
// before.
func (o *oracle) repliesToDeleted(r rules.Request) bool {
	var body struct {
		Reference struct {
			Message string `json:"message_id"`
		} `json:"message_reference"`
	}
	return json.Unmarshal(r.Body, &body) == nil && o.deleted[body.Reference.Message]
}

// pictureMessages finds the messages that ever showed a job's finished pictures, in the requests that Discord accepted.
func pictureMessages(requests []rules.Request) map[string][]string {
	all := map[string][]string{}
	for _, r := range requests {
		if r.Status < 200 || r.Status > 299 || len(r.Files) == 0 {
			continue
		}
		var m sandbox.Message
		if json.Unmarshal(r.Answer, &m) != nil || m.ID == "" {
			continue
		}
		id, err := button.Parse(customID(m, button.Remix))
		if strings.HasPrefix(nonceOf(r), "s") {
			continue // it was shared: see checkSecrets
		}
		if err == nil && !slices.Contains(all[id.Job], m.ID) {
			all[id.Job] = append(all[id.Job], m.ID)
		}
	}
	return all
}

func (o *oracle) addLost(job, how string, args ...any) {
	o.verdict.Lost = append(o.verdict.Lost, job+" "+fmt.Sprintf(how, args...))
}

func (o *oracle) addDouble(job, how string, args ...any) {
	o.verdict.Double = append(o.verdict.Double, job+" "+fmt.Sprintf(how, args...))
}

func (o *oracle) addWrongMessage(job, how string, args ...any) {
	o.verdict.WrongMessages = append(o.verdict.WrongMessages, job+" "+fmt.Sprintf(how, args...))
}

// checkInteraction checks the job of one interaction.
func (o *oracle) checkInteraction(interaction string) {
	job := interaction + "-0"
	shown := o.shownBy[job]
	e, err := o.db.Find(context.Background(), job)
	if errors.Is(err, store.ErrNotFound) {
		o.checkUnknown(interaction, shown)
		return
	}
	if err != nil {
		o.t.Error(err)
		return
	}
	if e.State != store.Expired {
		o.verdict.Jobs++
	}
	if len(shown) > 1 && !o.onceMoreToOwner(e, shown) {
		o.addDouble(job, "was shown by %d messages", len(shown))
	}
	switch e.State {
	case store.Done:
		o.checkDone(e, shown)
	case store.Failed:
		o.checkEnded(e, "failed", shown)
	case store.Cancelled:
		o.checkEnded(e, "cancelled", shown)
		if len(shown) > 0 {
			o.addDouble(job, "was cancelled and was shown")
		}
	case store.Expired:
		o.verdict.Ends["expired"]++
		if o.showsActive(interaction) {
			o.addLost(job, "was acknowledged and expired")
		}
	default:
		o.verdict.Ends["lost"]++
		o.addLost(job, "is %s", e.State)
	}
}

// checkUnknown checks an interaction whose job is not in the database.
func (o *oracle) checkUnknown(interaction string, shown []string) {
	if o.showsActive(interaction) {
		o.addLost(interaction+"-0", "was acknowledged and is not in the database")
	}
	if len(shown) > 0 {
		o.addDouble(interaction+"-0", "is not in the database and was shown")
	}
}

// showsActive reports whether the response to an interaction still shows a running job.
func (o *oracle) showsActive(interaction string) bool {
	i, _ := o.FindInteraction(interaction)
	m, ok := o.VisibleMessage(i.User, i.Original)
	return ok && customID(m, button.Cancel) == button.ID{Verb: button.Cancel, Job: interaction + "-0"}.String()
}

// checkDone checks a job that is done in the database.
func (o *oracle) checkDone(e store.Job, shown []string) {
	var out queue.Outcome
	if err := json.Unmarshal(e.Outcome, &out); err != nil {
		o.addLost(e.ID, "ended with an outcome that cannot be read: %v", err)
		return
	}
	o.verdict.Ends[out.Delivered]++
	if to, err := message.DecodeAddress(e.Address); err == nil && to.Private() {
		o.verdict.Ends["private"]++
		if to.Direct || out.Channel != e.Channel {
			o.verdict.Ends["private, by direct message"]++
		}
	}
	if len(e.Inputs) == 2 {
		o.verdict.Masked++
	}
	switch out.Delivered {
	case rest.DeliveredPosted, rest.DeliveredFound:
		switch {
		case len(shown) == 0:
			o.addLost(e.ID, "has the outcome %s and was never shown", out.Delivered)
		case !o.visible(e, shown) && !o.removed(e, shown...):
			o.addLost(e.ID, "has the outcome %s, nobody deleted it and nobody sees it", out.Delivered)
		}
	case rest.DeliveredRemoved:
		if !o.removed(e, shown...) {
			o.addLost(e.ID, "has the outcome removed and nobody deleted it")
		}
	case rest.DeliveredReoffer, rest.DeliveredInbox:
		o.checkUndelivered(e)
	default:
		o.addLost(e.ID, "ended with the outcome %q", out.Delivered)
	}
	if o.showsActive(e.ID[:len(e.ID)-2]) && !o.unreachable(e) && !o.outOfReach(e) {
		o.addWrongMessage(e.ID, "is done (%s) and its message says that it is waiting", out.Delivered)
	}
}

// checkEnded checks a job that ended without pictures. It may have pictures if its renderers died after they posted.
func (o *oracle) checkEnded(e store.Job, how string, shown []string) {
	o.verdict.Ends[how]++
	if o.showsActive(e.ID[:len(e.ID)-2]) && !o.unreachable(e) && !o.outOfReach(e) {
		o.addWrongMessage(e.ID, "is %s (%s) and its message says that it is active", how, e.Reason)
	}
	if how == "failed" {
		o.checkTold(e, shown)
	}
}

// checkTold checks that the user was told of a job that failed: in its message, elsewhere, or in the inbox.
func (o *oracle) checkTold(e store.Job, shown []string) {
	if len(shown) > 0 {
		o.verdict.Ends["failed after it was shown"]++
		return
	}
	d, err := o.db.Delivery(context.Background(), e.ID)
	if err != nil {
		o.t.Error(err)
		return
	}
	told := false
	switch d.State {
	case store.Inbox, store.InboxShown:
		told = true
	case store.ReofferMade:
		m, there := o.VisibleMessage(e.User, d.Message)
		told = there && customID(m, button.Cancel) == "" || !there && (d.Message == "" || o.removed(e, d.Message))
	}
	if !told {
		o.addLost(e.ID, "failed, and nobody was told: its delivery is %q, message %q", d.State, d.Message)
	}
}

// checkUndelivered checks that the user can get pictures that nobody could post: by a re-offer or from the inbox.
func (o *oracle) checkUndelivered(e store.Job) {
	d, err := o.db.Delivery(context.Background(), e.ID)
	if err != nil {
		o.t.Error(err)
		return
	}
	switch d.State {
	case store.Inbox, store.InboxShown:
	case store.ReofferMade:
		if _, ok := o.VisibleMessage(e.User, d.Message); !ok && !o.removed(e, d.Message) {
			o.addLost(e.ID, "has a re-offer that nobody sees")
		}
	default:
		o.addLost(e.ID, "was posted nowhere, and its delivery is %q", d.State)
	}
}

// visible reports whether the job's user sees one of these messages.
func (o *oracle) visible(e store.Job, messages []string) bool {
	return slices.ContainsFunc(messages, func(id string) bool { _, ok := o.VisibleMessage(e.User, id); return ok })
}

// removed reports whether a user deleted the job's message, one of these messages or the channel.
func (o *oracle) removed(e store.Job, messages ...string) bool {
	i, _ := o.FindInteraction(e.ID[:len(e.ID)-2])
	messages = append(messages, e.Message, i.Original, i.Source)
	return o.deleted[e.Channel] || slices.ContainsFunc(messages, func(id string) bool { return o.deleted[id] })
}

// unreachable reports whether the bot once had no permissions in the job's channel. It corrects messages that it could
// not edit then only at its next start.
func (o *oracle) unreachable(e store.Job) bool { return o.forbidden[e.Channel] }
