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
	"darkroom/bot/reply"
)

const (
	// turnLimit bounds everything that one interaction may take, the copying of a picture included.
	turnLimit = 2 * time.Minute
	// lastWords is how long turns go on when the bot is stopped.
	lastWords = 10 * time.Second
	// tokenLife is how long an interaction's token is good. Source: Discord, receiving-and-responding.
	tokenLife = 15 * time.Minute
)

// turn is one interaction being answered.
type turn struct {
	*Bot
	req      admit.Request
	click    button.ID   // what a button or form means
	answered atomic.Bool // the first answer was given, or was tried and may have been
	thinking bool        // that answer only says "thinking…", and must be replaced
	accepted bool        // its jobs were written down
}

// work handles interactions, so many at once, until ctx is done; those begun are finished.
func (b *Bot) work(ctx context.Context) error {
	var g errgroup.Group
	for range b.door.workers {
		g.Go(func() error {
			for {
				select {
				case <-ctx.Done():
					return nil
				case req := <-b.door.in:
					b.take(ctx, req)
				}
			}
		})
	}
	return g.Wait()
}

// take gives one interaction its turn. Whatever goes wrong in it, panics too, the person is told. A turn outlives the
// end of the bot for a little.
func (b *Bot) take(life context.Context, req admit.Request) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(life), turnLimit)
	defer cancel()
	defer context.AfterFunc(life, func() { time.AfterFunc(lastWords, cancel) })()
	t := &turn{Bot: b, req: req}
	if !t.mine(ctx) {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			t.apologise(ctx, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	if err := t.route(ctx); err != nil {
		t.apologise(ctx, err)
	}
}

// mine tells whether this bot is the one to answer: of several on one ledger that hear the same event the first is. A
// suggestion is not worth a claim. When nobody can tell, all answer, and Discord takes the first answer.
func (t *turn) mine(ctx context.Context) bool {
	if t.req.Verb == command.Autocomplete {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, acceptWithin)
	defer cancel()
	mine, err := t.claim(ctx, "interaction:"+t.req.ID, tokenLife)
	return mine || err != nil
}

// route finds what the interaction is about.
func (t *turn) route(ctx context.Context) error {
	switch t.req.Verb {
	case "imagine":
		return t.imagine(ctx)
	case "queue":
		return t.queue(ctx)
	case "cancel":
		return t.withdraw(ctx)
	case "inbox":
		return t.inbox(ctx)
	case "limits":
		return t.limits(ctx)
	case "preset":
		return t.preset(ctx)
	case "mydata":
		return t.myData(ctx)
	case command.Autocomplete:
		return t.complete(ctx)
	case command.Button, command.Form:
		return t.press(ctx)
	}
	return errUnknownInteraction
}

// press finds what a button or form means.
func (t *turn) press(ctx context.Context) (err error) {
	if t.click, err = button.Parse(t.req.Sub); err != nil {
		return errOldButton
	}
	if t.req.Verb == command.Form {
		if t.click.Verb == button.Permute {
			return t.reworded(ctx)
		}
		return t.remixed(ctx)
	}
	does := map[button.Verb]func(context.Context) error{
		button.Reroll: t.reroll, button.Vary: t.vary, button.Single: t.single, button.Upscale: t.upscale,
		button.Zoom: t.zoom, button.Pan: t.pan,
		button.Remix: t.remix, button.Info: t.info, button.Delete: t.erase, button.Cancel: t.stop, button.Show: t.show,
		button.Example: t.example, button.Permute: t.permute, button.Forget: t.forgetMe,
	}[t.click.Verb]
	if does == nil {
		return errOldButton
	}
	return does(ctx)
}

// answer gives the first answer.
func (t *turn) answer(ctx context.Context, r reply.Response) (reply.Posted, error) {
	t.answered.Store(true)
	p, err := t.discord.Callback(ctx, t.req.ID, t.req.Token, r)
	if reply.Acknowledged(err) {
		return p, nil // an earlier try arrived after all
	}
	if err != nil {
		if !reply.Expired(err) && reply.Final(err) {
			t.answered.Store(false) // Discord refused this answer: another one may be given
		}
		return p, fmt.Errorf("answer interaction %s: %w", t.req.ID, err)
	}
	return p, nil
}

// tell says something to this person alone: as the first answer, or after it as a further message.
func (t *turn) tell(ctx context.Context, m reply.Message) error {
	m.Private = true
	if !t.answered.Load() {
		_, err := t.answer(ctx, reply.Say(m))
		return err
	}
	if t.thinking {
		m.Private = false // what was begun publicly ends so
		_, err := t.discord.Edit(ctx, t.to(), m)
		return err
	}
	if _, err := t.discord.Follow(ctx, t.to(), m); err != nil {
		return fmt.Errorf("tell about interaction %s: %w", t.req.ID, err)
	}
	return nil
}

// to is the address of this interaction's own answer.
func (t *turn) to() reply.To {
	born, ok := bornAt(t.req.ID)
	if now := t.o.Now(); !ok || born.After(now) || now.Sub(born) > tokenLife {
		born = now
	}
	return reply.To{
		Application: t.req.Application, Token: t.req.Token, Expires: born.Add(tokenLife), Channel: t.req.Place.Channel,
		Message: reply.Original, User: t.req.Person.ID, FileLimit: t.req.Place.FileLimit, Locale: t.req.Person.Locale,
	}
}

// apologise turns an error into what the person reads, and a fault into a line of the log with the same reference.
func (t *turn) apologise(ctx context.Context, err error) {
	text, fault := explain(err)
	if fault {
		ref := reference()
		t.log.Error("interaction failed", "reference", ref, "interaction", t.req.ID, "verb", t.req.Verb, "error", reply.Redact(err.Error()))
		if text == "" {
			text = faultText(ref)
		}
	}
	if t.req.Verb == command.Autocomplete {
		_, err = t.answer(ctx, reply.Offer(nil))
	} else {
		err = t.tell(ctx, reply.Message{Content: text})
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		t.log.Warn("the apology did not arrive", "interaction", t.req.ID, "error", reply.Redact(err.Error()))
	}
}

// reference is a short name for a fault.
func reference() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	return hex.EncodeToString(b[:])
}
