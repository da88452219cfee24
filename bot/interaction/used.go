package interaction

import (
	"context"
	"log/slog"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
)

const (
	// maxUsedWaiting is how many cards wait to get a button in blue at most; more stay as they are.
	maxUsedWaiting = 32
	usedTimeout    = 10 * time.Second
)

// usedButtons turns the buttons of a card blue that made another message. That is a nicety: it gives way to every other
// request, and what Discord refuses or limits is dropped.
type usedButtons struct {
	discord *rest.Client
	log     *slog.Logger
	waiting chan usedButton
}

// usedButton is a button that was pressed on the card of a job.
type usedButton struct {
	job              job.Job
	channel, message string
	id               string // its custom_id
}

func newUsedButtons(discord *rest.Client, log *slog.Logger) *usedButtons {
	return &usedButtons{discord: discord, log: log, waiting: make(chan usedButton, maxUsedWaiting)}
}

// mark notes that the button of a click was used. Private messages cannot be edited by the bot's own token, and
// messages of the older form stay as they are.
func (u *usedButtons) mark(r *responder, j job.Job) {
	if !r.req.Card || r.req.Ephemeral {
		return
	}
	b := usedButton{job: j, channel: r.req.Place.Channel, message: r.req.Message, id: r.req.Sub}
	select {
	case u.waiting <- b:
	default: // a crowd
	}
}

// MarkUsed turns used buttons blue until ctx is done.
func (h *Handler) MarkUsed(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case b := <-h.used.waiting:
			if err := h.used.show(ctx, b); err != nil && ctx.Err() == nil {
				h.o.Log.Debug("a used button stays as it is", "job", b.job.ID, "error", rest.Redact(err.Error()))
			}
		}
	}
}

// show turns one button blue, if it is one of several images' and not blue yet. The card is built anew from the job.
// The message tells only which files it has, and which buttons are blue.
func (u *usedButtons) show(ctx context.Context, b usedButton) error {
	ctx, cancel := context.WithTimeout(ctx, usedTimeout)
	defer cancel()
	out := b.job.Outcome()
	if len(out.Files) < 2 {
		return nil
	}
	now, err := u.discord.TryFetchMessage(ctx, b.channel, b.message)
	if err != nil || !now.Has(b.job.RemixID()) || !now.Has(b.id) || now.Blue(b.id) {
		return err
	}
	to := b.job.Address
	to.Card = true
	m := message.Finished(to, b.job.Spec, b.job.ID, message.Result{
		Made: out.Files, Millis: out.Millis, Used: func(id string) bool { return id == b.id || now.Blue(id) },
	})
	if m.Kept = now.Keep(); len(m.Kept) != len(out.Files) {
		return nil // it is a message of one of them, or has lost some
	}
	_, err = u.discord.TryEditMessage(ctx, b.channel, b.message, m)
	return err
}
