package bot

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/admit"
	"darkroom/bot/button"
	"darkroom/bot/command"
	"darkroom/bot/message"
	"darkroom/bot/rest"
)

const (
	// handlerTimeout bounds everything that one interaction may take, the copying of a picture included.
	handlerTimeout = 2 * time.Minute
	// shutdownGrace is how long turns go on when the bot is stopped.
	shutdownGrace = 10 * time.Second
	// tokenLife is how long an interaction's token is good. Source: Discord, receiving-and-responding.
	tokenLife = 15 * time.Minute
)

// turn is one interaction being answered.
type handler struct {
	*Bot
	req      admit.Request
	click    button.ID   // what a button or form means
	answered atomic.Bool // the first answer was given, or was tried and may have been
	deferred bool        // that answer only says "thinking…", and must be replaced
	accepted bool        // its jobs were written down
}

// work handles interactions, so many at once, until ctx is done; those begun are finished.
func (b *Bot) handleInteractions(ctx context.Context) error {
	var g errgroup.Group
	for range b.intake.workers {
		g.Go(func() error {
			for {
				select {
				case <-ctx.Done():
					return nil
				case req := <-b.intake.requests:
					b.handle(ctx, req)
				}
			}
		})
	}
	return g.Wait()
}

// take gives one interaction its turn. Whatever goes wrong in it, panics too, the person is told. A turn outlives the
// end of the bot for a little.
func (b *Bot) handle(parent context.Context, req admit.Request) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(parent), handlerTimeout)
	defer cancel()
	defer context.AfterFunc(parent, func() { time.AfterFunc(shutdownGrace, cancel) })()
	h := &handler{Bot: b, req: req}
	if !h.claimed(ctx) {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			h.reportError(ctx, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	if err := h.route(ctx); err != nil {
		h.reportError(ctx, err)
	}
}

// mine tells whether this bot is the one to answer: of several on one ledger that hear the same event the first is. A
// suggestion is not worth a claim. When nobody can tell, all answer, and Discord takes the first answer.
func (h *handler) claimed(ctx context.Context) bool {
	if h.req.Verb == command.Autocomplete {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	claimed, err := h.claim(ctx, "interaction:"+h.req.ID, tokenLife)
	return claimed || err != nil
}

// route finds what the interaction is about.
func (h *handler) route(ctx context.Context) error {
	switch h.req.Verb {
	case "imagine":
		return h.imagine(ctx)
	case "queue":
		return h.showQueue(ctx)
	case "cancel":
		return h.cancelCommand(ctx)
	case "inbox":
		return h.showInbox(ctx)
	case "limits":
		return h.limits(ctx)
	case "preset":
		return h.preset(ctx)
	case "mydata":
		return h.myData(ctx)
	case command.Autocomplete:
		return h.autocomplete(ctx)
	case command.Button, command.Form:
		return h.handleClick(ctx)
	}
	return errUnknownInteraction
}

// press finds what a button or form means.
func (h *handler) handleClick(ctx context.Context) (err error) {
	if h.click, err = button.Parse(h.req.Sub); err != nil {
		return errOldButton
	}
	if h.req.Verb == command.Form {
		if h.click.Verb == button.Permute {
			return h.submitEditedPrompt(ctx)
		}
		return h.submitRemix(ctx)
	}
	action := map[button.Verb]func(context.Context) error{
		button.Reroll: h.reroll, button.Vary: h.vary, button.Single: h.single, button.Upscale: h.upscale,
		button.Zoom: h.zoom, button.Pan: h.pan,
		button.Remix: h.remix, button.Info: h.showInfo, button.Delete: h.deleteMessage, button.Cancel: h.cancelClicked, button.Show: h.show,
		button.Example: h.example, button.Permute: h.answerQuestion, button.Forget: h.eraseMe,
	}[h.click.Verb]
	if action == nil {
		return errOldButton
	}
	return action(ctx)
}

// answer gives the first answer.
func (h *handler) respond(ctx context.Context, r message.Response) (rest.Message, error) {
	h.answered.Store(true)
	p, err := h.discord.Callback(ctx, h.req.ID, h.req.Token, r)
	if rest.Acknowledged(err) {
		return p, nil // an earlier try arrived after all
	}
	if err != nil {
		if !rest.Expired(err) && rest.Final(err) {
			h.answered.Store(false) // Discord refused this answer: another one may be given
		}
		return p, fmt.Errorf("answer interaction %s: %w", h.req.ID, err)
	}
	return p, nil
}

// tell says something to this person alone: as the first answer, or after it as a further message.
func (h *handler) replyPrivately(ctx context.Context, m message.Message) error {
	m.Private = true
	if !h.answered.Load() {
		_, err := h.respond(ctx, message.Reply(m))
		return err
	}
	if h.deferred {
		m.Private = false // what was begun publicly ends so
		_, err := h.discord.EditResponse(ctx, h.address(), m)
		return err
	}
	if _, err := h.discord.FollowUp(ctx, h.address(), m); err != nil {
		return fmt.Errorf("tell about interaction %s: %w", h.req.ID, err)
	}
	return nil
}

// to is the address of this interaction's own answer.
func (h *handler) address() message.Address {
	created, ok := rest.SnowflakeTime(h.req.ID)
	if now := h.o.Now(); !ok || created.After(now) || now.Sub(created) > tokenLife {
		created = now
	}
	return message.Address{
		Application: h.req.Application, Token: h.req.Token, Expires: created.Add(tokenLife), Channel: h.req.Place.Channel,
		Message: message.Original, User: h.req.Person.ID, FileLimit: h.req.Place.FileLimit, Locale: h.req.Person.Locale,
	}
}

// apologise turns an error into what the person reads, and a fault into a line of the log with the same reference.
func (h *handler) reportError(ctx context.Context, err error) {
	text, fault := explain(err)
	if fault {
		ref := randomReference()
		h.log.Error("interaction failed", "reference", ref, "interaction", h.req.ID, "verb", h.req.Verb, "error", rest.Redact(err.Error()))
		if text == "" {
			text = faultText(ref)
		}
	}
	if h.req.Verb == command.Autocomplete {
		_, err = h.respond(ctx, message.Choices(nil))
	} else {
		err = h.replyPrivately(ctx, message.Message{Content: text})
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		h.log.Warn("the apology did not arrive", "interaction", h.req.ID, "error", rest.Redact(err.Error()))
	}
}

// reference is a short name for a fault.
func randomReference() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	return hex.EncodeToString(b[:])
}
