package bot

import (
	"context"
	"errors"
	"fmt"

	"darkroom/bot/reply"
	"darkroom/queue"
	"darkroom/store"
)

// deliverAtOnce is how many late deliveries are held in memory at once; each may be tens of megabytes.
const deliverAtOnce = 2

// deliver brings late pictures: those that a renderer could not post because the interaction's token was too old.
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
		if sleep(ctx, b.o.Pace.Tray) != nil {
			return nil
		}
	}
}

// bring1 delivers one job's pictures and ends the job. Until AckTray they come up again, so all of it may happen twice:
// the nonce gives the first post back.
func (b *Bot) bring1(ctx context.Context, d queue.Delivery) error {
	e, err := b.ledger.Find(ctx, d.Job)
	if errors.Is(err, store.ErrNotFound) || err == nil && terminal(e) {
		return b.line.AckTray(ctx, d.Job) // delivered before, cancelled, or another database's
	}
	if err != nil {
		return err
	}
	v, err := see(e)
	if err != nil {
		return err
	}
	out, err := b.ladder(ctx, e, v, d)
	if err != nil {
		return err
	}
	if _, err := b.finish(ctx, e.ID, out); err != nil {
		return err
	}
	return b.line.AckTray(ctx, d.Job)
}

// ladder tries the places where late pictures may go: the same channel, then direct messages. Private pictures never go
// into a channel. Only an error that may pass is returned.
func (b *Bot) ladder(ctx context.Context, e store.Entry, v view, d queue.Delivery) (queue.Outcome, error) {
	out := d.Outcome
	how, err := b.already(ctx, e, v)
	if err != nil {
		return out, err
	}
	if how != "" {
		out.Delivered, out.Message = how, e.Message
		return out, nil
	}
	m := lateMessage(e, v, d)
	err = errNoChannel
	if !v.to.Ephemeral {
		err = b.postLate(ctx, v.to.Channel, m, &out)
	}
	if err == nil {
		return out, b.dropOld(ctx, e, v)
	}
	if reply.TooLarge(err) {
		out.Delivered = reply.DeliveredStranded
		b.strand(ctx, e)
		return out, nil
	}
	if !errors.Is(err, errNoChannel) && !reply.Final(err) {
		return out, err
	}
	err = b.postDirect(ctx, v.to.User, m, &out)
	if err == nil {
		return out, b.dropOld(ctx, e, v)
	}
	if !reply.Final(err) {
		return out, err
	}
	b.log.Warn("late pictures reach nobody", "job", e.ID, "error", reply.Redact(err.Error()))
	out.Delivered = reply.DeliveredStranded
	b.strand(ctx, e)
	return out, nil
}

// errNoChannel means that a picture must not go into a channel.
var errNoChannel = errors.New("private pictures go into no channel")

// already looks at the message that waits for the pictures. If somebody deleted it they stay undelivered; if it shows
// them, a renderer had posted them and died before it could say so. Where the bot may not read, it posts unseen; any
// other error leaves the pictures in the tray, since a guess could show them twice or against its owner's will.
func (b *Bot) already(ctx context.Context, e store.Entry, v view) (how string, err error) {
	if e.Message == "" || v.to.Ephemeral {
		return "", nil
	}
	p, err := b.discord.Message(ctx, v.to.Channel, e.Message)
	switch {
	case reply.Removed(err):
		return reply.DeliveredRemoved, nil
	case reply.Forbidden(err):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("look at the waiting message: %w", err)
	case p.Has(remixButton(e.ID)):
		return reply.DeliveredFound, nil
	}
	return "", nil
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

func (b *Bot) postLate(ctx context.Context, channel string, m reply.Message, out *queue.Outcome) error {
	p, err := b.discord.Post(ctx, channel, m)
	if err != nil {
		return fmt.Errorf("post late pictures: %w", err)
	}
	out.Delivered, out.Channel, out.Message = reply.DeliveredPosted, channel, p.ID
	return nil
}

func (b *Bot) postDirect(ctx context.Context, user string, m reply.Message, out *queue.Outcome) error {
	channel, err := b.discord.Direct(ctx, user)
	if err != nil {
		return fmt.Errorf("open direct messages: %w", err)
	}
	return b.postLate(ctx, channel, m, out)
}

// dropOld removes the waiting message whose pictures were posted elsewhere: one job shows one message. An error that may
// pass is returned, so that it is tried again; one that will not is only logged.
func (b *Bot) dropOld(ctx context.Context, e store.Entry, v view) error {
	if e.Message == "" || v.to.Ephemeral {
		return nil
	}
	err := b.discord.DeleteMessage(ctx, v.to.Channel, e.Message)
	if err == nil || reply.Removed(err) {
		return nil
	}
	if !reply.Final(err) {
		return fmt.Errorf("drop the waiting message: %w", err)
	}
	b.log.Warn("a waiting message stays beside its pictures", "job", e.ID, "error", reply.Redact(err.Error()))
	return nil
}

// strand offers to paint a job again whose pictures found no place to go: in its own message, else in the channel, else
// in direct messages.
func (b *Bot) strand(ctx context.Context, e store.Entry) {
	v, err := see(e)
	if err != nil {
		b.log.Error("a job cannot be read", "job", e.ID, "error", err)
		return
	}
	m := reply.Stranded(v.to, v.spec, e.ID)
	if e.Message != "" && !v.to.Ephemeral {
		if _, err = b.discord.EditMessage(ctx, v.to.Channel, e.Message, m); err == nil || reply.Removed(err) {
			return
		}
	}
	m.Nonce, m.AllowUsers = e.ID, []string{v.to.User}
	var out queue.Outcome
	if v.to.Ephemeral || b.postLate(ctx, v.to.Channel, m, &out) != nil {
		err = b.postDirect(ctx, v.to.User, m, &out)
	} else {
		err = nil
	}
	if err != nil {
		b.log.Warn("an offer to paint again reaches nobody", "job", e.ID, "error", reply.Redact(err.Error()))
	}
}
