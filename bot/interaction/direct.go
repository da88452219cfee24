package interaction

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"darkroom/bot/message"
	"darkroom/bot/rest"
)

const (
	// directInterval is the least time between two answers in one channel of direct messages.
	directInterval = time.Minute
	// maxDirectWaiting is how many direct messages wait for an answer at most; more are not answered.
	maxDirectWaiting = 32
	directTimeout    = 30 * time.Second
)

// directMessage is what is read of a message that somebody wrote.
type directMessage struct {
	ID      string `json:"id"`
	Channel string `json:"channel_id"`
	Guild   string `json:"guild_id"`
	Author  struct {
		Bot bool `json:"bot"`
	} `json:"author"`
}

// directMessages answers what people write to the bot: it reads slash commands only, and says so.
type directMessages struct {
	discord *rest.Client
	catalog catalog
	claim   func(ctx context.Context, name string, span time.Duration) (bool, error)
	now     func() time.Time
	log     *slog.Logger
	waiting chan directMessage

	mu       sync.Mutex
	answered map[string]time.Time // by channel
}

func newDirectMessages(o Options) *directMessages {
	return &directMessages{
		discord: o.Discord, catalog: o.Catalog, claim: o.Claim, now: o.Now, log: o.Log,
		waiting: make(chan directMessage, maxDirectWaiting), answered: map[string]time.Time{},
	}
}

// HearMessage takes a MESSAGE_CREATE event. It does not block.
func (h *Handler) HearMessage(raw json.RawMessage) {
	var m directMessage
	if json.Unmarshal(raw, &m) != nil || m.ID == "" || m.Channel == "" || m.Guild != "" || m.Author.Bot {
		return
	}
	select {
	case h.direct.waiting <- m:
	default: // a crowd: nobody needs this answer
	}
}

// AnswerMessages answers direct messages until ctx is done.
func (h *Handler) AnswerMessages(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case m := <-h.direct.waiting:
			h.direct.answer(ctx, m)
		}
	}
}

// answer says what the bot understands.
func (d *directMessages) answer(ctx context.Context, m directMessage) {
	if !d.due(m.Channel) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, directTimeout)
	defer cancel()
	if mine, err := d.claim(ctx, "message:"+m.ID, directInterval); err == nil && !mine {
		return
	}
	model, examples := "", []message.Example(nil)
	if models := d.catalog.Available().Models; len(models) > 0 {
		model, examples = models[0].Hash, firstExamples(models[0], maxExamples)
	}
	answer := message.DirectHint(model, examples)
	answer.Nonce = m.ID
	if _, err := d.discord.PostMessage(ctx, m.Channel, answer); err != nil && ctx.Err() == nil {
		d.log.Info("a direct message was not answered", "error", rest.Redact(err.Error()))
	}
}

// due tells whether a channel may get an answer, and notes that it does.
func (d *directMessages) due(channel string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	for c, at := range d.answered {
		if now.Sub(at) >= directInterval {
			delete(d.answered, c)
		}
	}
	if _, recent := d.answered[channel]; recent {
		return false
	}
	d.answered[channel] = now
	return true
}
