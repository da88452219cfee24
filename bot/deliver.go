package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"darkroom/bot/reply"
	"darkroom/queue"
	"darkroom/store"
)

const (
	// deliverAtOnce is how many late deliveries are held in memory at once; each may be tens of megabytes.
	deliverAtOnce = 2
	// offersAtOnce is how many owed offers one round makes.
	offersAtOnce = 50
)

// deliver brings late pictures: those that a renderer could not post because the interaction's token was too old. Where
// no pictures are left it offers to paint them again.
func (b *Bot) deliver(ctx context.Context) error {
	well := true
	for {
		late, err := b.line.TakeTray(ctx, deliverAtOnce)
		if err != nil && well && ctx.Err() == nil {
			b.log.Warn("the tray cannot be read", "error", err)
		}
		well = err == nil
		for _, d := range late {
			if err := b.bring1(ctx, d); err != nil && ctx.Err() == nil {
				b.log.Warn("late pictures are still in the tray", "job", d.Job, "error", reply.Redact(err.Error()))
			}
		}
		if len(late) == deliverAtOnce {
			continue
		}
		b.makeOffers(ctx)
		if sleep(ctx, b.o.Pace.Tray) != nil {
			return nil
		}
	}
}

// bring1 delivers one job's pictures and ends the job. Until AckTray they come up again, so all of it may happen twice. What
// could not be posted for a day goes into the inbox: the tray is small, and others need it.
func (b *Bot) bring1(ctx context.Context, d queue.Delivery) error {
	e, err := b.ledger.Find(ctx, d.Job)
	if errors.Is(err, store.ErrNotFound) {
		return b.line.AckTray(ctx, d.Job) // another database's
	}
	if err != nil {
		return err
	}
	if terminal(e) {
		return b.brought(ctx, d.Job) // delivered before, or cancelled
	}
	l, err := b.ladder(ctx, e, d)
	if err != nil {
		return err
	}
	err = l.climb(ctx)
	if err != nil && b.o.Now().Sub(e.Updated) > doubted {
		err = l.shelve(ctx, store.Delivery{State: store.Inbox, Reason: errUnsure.Error()}, reply.DeliveredInbox)
	}
	if err != nil {
		return err
	}
	return b.brought(ctx, d.Job)
}

// brought forgets a delivery that is over, and takes its job out of the line, where it may stand once more: Redis was lost
// or its renderer was, after it had left the pictures.
func (b *Bot) brought(ctx context.Context, job string) error {
	if err := b.takeOut(ctx, []string{job}); err != nil && !errors.Is(err, queue.ErrEpoch) {
		return err
	}
	return b.line.AckTray(ctx, job)
}

// ladder begins, or goes on with, the delivery of late pictures.
func (b *Bot) ladder(ctx context.Context, e store.Entry, d queue.Delivery) (*ladder, error) {
	v, err := see(e)
	if err != nil {
		return nil, err
	}
	p, err := b.parcel(ctx, e, v, remixButton(e.ID), lateMessage(e, v, d))
	return &ladder{parcel: p, out: d.Outcome, files: d.Files, look: d.Look}, err
}

// ladder is one late delivery. Its steps: a new message in the same channel, direct messages, the message that waits for
// the pictures, the inbox. Private pictures never go into a channel.
type ladder struct {
	*parcel
	out   queue.Outcome
	files []queue.Attachment
	look  bool // the renderer could not look whether they were posted before
}

// climb delivers and ends the job. An error means that it should be tried again later.
func (l *ladder) climb(ctx context.Context) error {
	if l.known.State != store.Posted {
		how, err := l.already(ctx)
		switch {
		case errors.Is(err, errUnsure):
			return l.shelve(ctx, store.Delivery{State: store.Inbox, Reason: err.Error()}, reply.DeliveredInbox)
		case err != nil:
			return err
		case how != "":
			return l.there(ctx, how)
		}
		switch err := l.send(ctx); {
		case errors.Is(err, errNowhere):
			return l.lastStep(ctx)
		case errors.Is(err, errUnsure):
			return l.shelve(ctx, store.Delivery{State: store.Inbox, Reason: err.Error()}, reply.DeliveredInbox)
		case reply.TooLarge(err):
			return l.shelve(ctx, store.Delivery{State: store.Offer}, reply.DeliveredStranded)
		case err != nil:
			return err
		}
	}
	if err := l.dropOld(ctx); err != nil {
		return err
	}
	l.out.Delivered, l.out.Channel, l.out.Message = reply.DeliveredPosted, l.known.Channel, l.known.Message
	return l.end(ctx)
}

// lastStep puts the pictures into the message that waits for them. It pings nobody, but it is better than the inbox.
func (l *ladder) lastStep(ctx context.Context) error {
	if l.e.Message != "" && !l.v.to.Ephemeral {
		how, err := l.blindly(ctx)
		if err != nil && !errors.Is(err, errUnsure) {
			return err
		}
		if how != "" {
			return l.there(ctx, how)
		}
	}
	return l.shelve(ctx, store.Delivery{State: store.Inbox, Reason: errNowhere.Error()}, reply.DeliveredInbox)
}

// there ends a job whose pictures are in its own message, or were in it until somebody deleted it.
func (l *ladder) there(ctx context.Context, how string) error {
	l.out.Delivered, l.out.Channel, l.out.Message = how, l.v.to.Channel, l.e.Message
	return l.end(ctx)
}

func (l *ladder) end(ctx context.Context) error {
	_, err := l.finish(ctx, l.e.ID, l.out)
	return err
}

// shelve ends a job that was posted nowhere, with what is owed to its owner instead.
func (l *ladder) shelve(ctx context.Context, d store.Delivery, delivered string) error {
	l.log.Warn("late pictures were posted nowhere", "job", l.e.ID, "state", d.State, "reason", d.Reason)
	l.out.Delivered, l.out.Message = delivered, ""
	var kept []store.Picture
	if d.State == store.Inbox {
		for _, f := range l.files {
			kept = append(kept, store.Picture{Name: f.Name, Data: f.Bytes})
		}
	}
	if err := l.finishOwing(ctx, l.e.ID, l.out, d, kept); err != nil || d.State != store.Inbox {
		return err
	}
	l.correct(ctx, l.e, func(v view) reply.Message { return reply.Shelved(v.to, v.spec) })
	return nil
}

// finishOwing writes down what was made and what is owed.
func (b *Bot) finishOwing(ctx context.Context, id string, out queue.Outcome, d store.Delivery, kept []store.Picture) error {
	text, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("write down job %s: %w", id, err)
	}
	_, err = b.ledger.FinishOwing(ctx, id, text, d, kept)
	return err
}

// already looks at the message that waits for the pictures. If somebody deleted it, or its channel, they stay undelivered;
// if it shows them, a renderer had posted them and died before it could say so. Where the bot may not read it, the message
// is edited: whatever it shows, it then shows the pictures once. Any other error leaves the pictures in the tray, since a
// guess could show them twice or against their owner's will.
func (l *ladder) already(ctx context.Context) (how string, err error) {
	if l.e.Message == "" || l.v.to.Ephemeral {
		return "", nil
	}
	p, err := l.discord.Message(ctx, l.v.to.Channel, l.e.Message)
	switch {
	case reply.Removed(err):
		return reply.DeliveredRemoved, nil
	case reply.Final(err):
		return l.blindly(ctx)
	case err != nil:
		return "", fmt.Errorf("look at the waiting message: %w", err)
	case p.Has(remixButton(l.e.ID)):
		return reply.DeliveredFound, nil
	}
	return "", nil
}

// blindly edits the waiting message, which the bot may write but not read. If it may do neither, and the pictures may
// have been posted there before, nothing more is posted: errUnsure.
func (l *ladder) blindly(ctx context.Context) (how string, err error) {
	m := l.message
	m.Nonce = ""
	_, err = l.discord.EditMessage(ctx, l.v.to.Channel, l.e.Message, m)
	switch {
	case err == nil:
		return reply.DeliveredPosted, nil
	case reply.Removed(err):
		return reply.DeliveredRemoved, nil
	case reply.Final(err) && l.look:
		return "", errUnsure
	case reply.Final(err):
		return "", nil
	}
	return "", fmt.Errorf("edit the waiting message unseen: %w", err)
}

// lateMessage is the finished message as a post of its own. Its owner is pinged: they have waited long.
func lateMessage(e store.Entry, v view, d queue.Delivery) reply.Message {
	var files []reply.File
	for _, f := range d.Files {
		files = append(files, reply.File{Name: f.Name, Data: f.Bytes})
	}
	m := reply.Finished(v.to, v.spec, e.ID, files, d.Outcome.Files)
	m.Nonce, m.AllowUsers = e.ID, []string{v.to.User}
	return m
}

// dropOld removes the waiting message whose pictures were posted elsewhere: one job shows one message. An error that may
// pass is returned, so that it is tried again; one that will not is only logged.
func (l *ladder) dropOld(ctx context.Context) error {
	if l.e.Message == "" || l.e.Message == l.known.Message || l.v.to.Ephemeral {
		return nil
	}
	err := l.discord.DeleteMessage(ctx, l.v.to.Channel, l.e.Message)
	if reply.Final(err) && !reply.Removed(err) && l.v.to.Token != "" && l.o.Now().Before(l.v.to.Expires) {
		err = l.discord.Drop(ctx, l.v.to) // which asks for no permission in the channel
	}
	if err == nil || reply.Removed(err) {
		return nil
	}
	if !reply.Final(err) {
		return fmt.Errorf("drop the waiting message: %w", err)
	}
	l.log.Warn("a waiting message stays beside its pictures", "job", l.e.ID, "error", reply.Redact(err.Error()))
	return nil
}
