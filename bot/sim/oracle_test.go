package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/reply"
	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/rules"
	"darkroom/queue"
	"darkroom/store"
)

// verdict is what the oracle found in a town.
type verdict struct {
	Seed   uint64
	Jobs   int            // that were promised
	Ends   map[string]int // how many ended how
	Tried  map[string]int // how often each fault was tried
	Calm   time.Duration  // from the end of all trouble until the last job ended
	Lost   []string
	Double []string
	Untrue []string // messages that tell something that is not so
}

// oracle compares what the ledger says with what Discord showed.
type oracle struct {
	*life
	posted map[string][]string // by job: the messages that ever showed its pictures
	v      verdict
}

// judge looks at everything that was asked.
func (l *life) judge() verdict {
	o := &oracle{life: l, posted: results(l.Rules().Requests()), v: verdict{Ends: map[string]int{}}}
	for _, i := range l.asked {
		o.look(i)
		delete(o.posted, i+"-0")
	}
	for job, messages := range o.posted {
		o.double(job, "was never asked for, and %d messages showed it", len(messages))
	}
	return o.v
}

// results finds the messages that ever showed a job's finished pictures, by what Discord was sent and took.
func results(requests []rules.Request) map[string][]string {
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
		if err == nil && !slices.Contains(all[id.Job], m.ID) {
			all[id.Job] = append(all[id.Job], m.ID)
		}
	}
	return all
}

func (o *oracle) lost(job, how string, args ...any) {
	o.v.Lost = append(o.v.Lost, job+" "+fmt.Sprintf(how, args...))
}

func (o *oracle) double(job, how string, args ...any) {
	o.v.Double = append(o.v.Double, job+" "+fmt.Sprintf(how, args...))
}

func (o *oracle) untrue(job, how string, args ...any) {
	o.v.Untrue = append(o.v.Untrue, job+" "+fmt.Sprintf(how, args...))
}

// look judges one interaction.
func (o *oracle) look(interaction string) {
	job := interaction + "-0"
	shown := o.posted[job]
	e, err := o.observer.Find(context.Background(), job)
	if errors.Is(err, store.ErrNotFound) {
		if o.promised(interaction) {
			o.lost(job, "was promised and is in no ledger")
		}
		if len(shown) > 0 {
			o.double(job, "is in no ledger and was shown")
		}
		return
	}
	if err != nil {
		o.t.Error(err)
		return
	}
	if e.State != store.Expired {
		o.v.Jobs++
	}
	if len(shown) > 1 {
		o.double(job, "was shown by %d messages", len(shown))
	}
	switch e.State {
	case store.Done:
		o.done(e, shown)
	case store.Failed:
		o.ended(e, "failed", shown)
	case store.Cancelled:
		o.ended(e, "cancelled", shown)
		if len(shown) > 0 {
			o.double(job, "was cancelled and was shown")
		}
	case store.Expired:
		o.v.Ends["expired"]++
		if o.promised(interaction) {
			o.lost(job, "was promised and expired")
		}
	default:
		o.v.Ends["lost"]++
		o.lost(job, "is %s", e.State)
	}
}

// promised tells whether an interaction's answer still shows that its job lives.
func (o *oracle) promised(interaction string) bool {
	i, _ := o.Asked(interaction)
	m, ok := o.MessageSeen(i.User, i.Original)
	return ok && customID(m, button.Cancel) == button.ID{Verb: button.Cancel, Job: interaction + "-0"}.String()
}

// done judges a job that the ledger calls done.
func (o *oracle) done(e store.Entry, shown []string) {
	var out queue.Outcome
	if err := json.Unmarshal(e.Outcome, &out); err != nil {
		o.lost(e.ID, "ended with an outcome that cannot be read: %v", err)
		return
	}
	o.v.Ends[out.Delivered]++
	switch out.Delivered {
	case reply.DeliveredPosted, reply.DeliveredFound:
		switch {
		case len(shown) == 0:
			o.lost(e.ID, "is called %s and was never shown", out.Delivered)
		case !o.visible(e, shown) && !o.removed(e, shown...):
			o.lost(e.ID, "is called %s, nobody deleted it and nobody sees it", out.Delivered)
		}
	case reply.DeliveredRemoved:
		if !o.removed(e, shown...) {
			o.lost(e.ID, "is called removed and nobody deleted it")
		}
	case reply.DeliveredStranded, reply.DeliveredInbox:
		o.owed(e)
	default:
		o.lost(e.ID, "ended with the outcome %q", out.Delivered)
	}
	if o.promised(e.ID[:len(e.ID)-2]) && !o.unreachable(e) {
		o.untrue(e.ID, "is done (%s) and its message says that it waits", out.Delivered)
	}
}

// ended judges a job without pictures. Pictures that were posted before their renderers were lost stand.
func (o *oracle) ended(e store.Entry, how string, shown []string) {
	o.v.Ends[how]++
	if o.promised(e.ID[:len(e.ID)-2]) && !o.unreachable(e) {
		o.untrue(e.ID, "is %s (%s) and its message says that it lives", how, e.Reason)
	}
	if how == "failed" && len(shown) > 0 {
		o.v.Ends["failed after it was shown"]++
	}
}

// owed proves that pictures which were posted nowhere can be had: an offer stands, or they are in the inbox.
func (o *oracle) owed(e store.Entry) {
	d, err := o.observer.Delivery(context.Background(), e.ID)
	if err != nil {
		o.t.Error(err)
		return
	}
	switch d.State {
	case store.Inbox, store.Shown:
	case store.Offered:
		if _, ok := o.MessageSeen(e.User, d.Message); !ok && !o.removed(e, d.Message) {
			o.lost(e.ID, "has an offer that nobody sees")
		}
	default:
		o.lost(e.ID, "was posted nowhere, and its delivery is %q", d.State)
	}
}

// visible tells whether one of these messages is there.
func (o *oracle) visible(e store.Entry, messages []string) bool {
	return slices.ContainsFunc(messages, func(id string) bool { _, ok := o.MessageSeen(e.User, id); return ok })
}

// removed tells whether people deleted the job's message, one of these, or the channel.
func (o *oracle) removed(e store.Entry, messages ...string) bool {
	i, _ := o.Asked(e.ID[:len(e.ID)-2])
	return o.deleted[e.Channel] || slices.ContainsFunc(append(messages, e.Message, i.Original, i.Source), func(id string) bool { return o.deleted[id] })
}

// unreachable tells whether the bot was once forbidden to do anything in the job's channel: what it could not say then it
// says at its next start.
func (o *oracle) unreachable(e store.Entry) bool { return o.shut[e.Channel] }
