package interaction

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"darkroom/bot/command"
	"darkroom/bot/job"
	"darkroom/bot/language"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/store"
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
		ID  string `json:"id"`
		Bot bool   `json:"bot"`
	} `json:"author"`
}

// directStore knows in which language somebody was answered before: Discord sends none with a message.
type directStore interface {
	settingsReader
	RecentlyEnded(ctx context.Context, user string, limit int) ([]store.Job, error)
}

// directMessages answers what people write to the bot: it reads slash commands only, and says so.
type directMessages struct {
	discord *rest.Client
	db      directStore
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
		discord: o.Discord, db: o.Store, catalog: o.Catalog, claim: o.Claim, now: o.Now, log: o.Log,
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
	answer := message.DirectHint(d.languageOf(ctx, m.Author.ID), model, examples)
	answer.Nonce = m.ID
	if _, err := d.discord.PostMessage(ctx, m.Channel, answer); err != nil && ctx.Err() == nil {
		d.log.Info("a direct message was not answered", "error", rest.Redact(err.Error()))
	}
}

// languageOf is the language that a person chose, or that of their Discord when they asked last.
func (d *directMessages) languageOf(ctx context.Context, user string) language.Language {
	chosen, err := d.db.Settings(ctx, command.DirectAccount, user)
	if err == nil && chosen.Person.Language != "" {
		return language.Find(chosen.Person.Language)
	}
	rows, err := d.db.RecentlyEnded(ctx, user, 1)
	if err != nil || len(rows) == 0 {
		return language.Language{}
	}
	j, err := job.Read(rows[0])
	if err != nil {
		return language.Language{}
	}
	return language.Find(j.Address.Locale)
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
