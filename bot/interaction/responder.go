package interaction

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/command"
	"darkroom/bot/language"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/render/picture"
	"darkroom/store"
)

// responder answers one interaction.
type responder struct {
	discord  *rest.Client
	now      func() time.Time
	req      command.Request
	click    button.ID     // what a button or form means
	answered atomic.Bool   // the first answer was given, or may have been
	deferred bool          // that answer only says "thinking…", and must be replaced
	silent   bool          // that answer left the message of the click as it is: what is said is a follow-up
	encodes  chan struct{} // holds one value while images are encoded anew
	lost     func()        // notes that another program answered; nil if another bot of this database may have

	public language.Language // of what others read, too; what the person alone reads is in req.Language

	settings    store.Settings // what the person and the server want by default
	settingsErr error          // why they could not be read
}

// account is the account that the interaction counts for.
func (r *responder) account() string { return r.req.Account() }

// beforeAnswer bounds what is done before the first answer, so that it is not done for an answer that comes too late.
// Once "thinking…" is shown, only the usual bound is left.
func (r *responder) beforeAnswer(ctx context.Context) (context.Context, context.CancelFunc) {
	most := acceptTimeout
	if !r.req.AnswerBy.IsZero() && !r.deferred && !r.silent {
		most = min(most, r.req.AnswerBy.Sub(r.now())-answerReserve)
	}
	return context.WithTimeout(ctx, most)
}

// respond gives the first answer.
func (r *responder) respond(ctx context.Context, answer message.Response) (rest.Message, error) {
	r.answered.Store(true)
	got, err := r.discord.Callback(ctx, r.req.ID, r.req.Token, answer)
	if rest.Acknowledged(err) {
		if r.lost != nil {
			r.lost()
		}
		return got, fmt.Errorf("answer interaction %s: %w", r.req.ID, errAnsweredElsewhere)
	}
	if err != nil {
		if !rest.Expired(err) && rest.Final(err) {
			r.answered.Store(false) // Discord refused this answer, so another one is possible
		}
		return got, fmt.Errorf("answer interaction %s: %w", r.req.ID, err)
	}
	return got, nil
}

// postpone shows "thinking…". The answer must be edited in.
func (r *responder) postpone(ctx context.Context, private bool) error {
	if _, err := r.respond(ctx, message.Defer(private)); err != nil {
		return err
	}
	r.deferred = true
	return nil
}

// postponeInPlace keeps the message of the click as it is. The answer must be edited into it.
func (r *responder) postponeInPlace(ctx context.Context) error {
	if _, err := r.respond(ctx, message.DeferUpdate()); err != nil {
		return err
	}
	r.deferred = true
	return nil
}

// acknowledge leaves the message of the click as it is. What is said later is a follow-up, and edit changes that
// message.
func (r *responder) acknowledge(ctx context.Context) error {
	if _, err := r.respond(ctx, message.DeferUpdate()); err != nil {
		return err
	}
	r.silent = true
	return nil
}

// edit replaces the first answer.
func (r *responder) edit(ctx context.Context, m message.Message) error {
	_, err := r.discord.EditResponse(ctx, r.address(), m)
	return err
}

// editImages replaces the first answer by finished images, in forms that fit there.
func (r *responder) editImages(
	ctx context.Context, images *rest.Upload, to message.Address, spec picture.Spec, job string, result message.Result,
) error {
	if err := r.encodeAlone(ctx, images.Fit); err != nil {
		return fmt.Errorf("fit the images of job %s: %w", job, err)
	}
	for {
		m := images.Finished(to, spec, job, result)
		m.Posting = nil // there is nothing to cancel
		err := r.edit(ctx, m)
		if !rest.TooLarge(err) || !r.lower(ctx, images) {
			return err
		}
	}
}

// lower brings images into smaller forms. It tells whether there are any.
func (r *responder) lower(ctx context.Context, images *rest.Upload) (lower bool) {
	err := r.encodeAlone(ctx, func() error { lower = images.Lower(); return nil })
	return err == nil && lower
}

// encodeAlone runs what encodes images anew, for one interaction at a time: a large one takes seconds and hundreds of
// MiB.
func (r *responder) encodeAlone(ctx context.Context, encode func() error) error {
	select {
	case r.encodes <- struct{}{}:
		defer func() { <-r.encodes }()
		return encode()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// replyPrivately shows a message to this person alone: as the first answer, or after that as a follow-up.
func (r *responder) replyPrivately(ctx context.Context, m message.Message) error {
	m.Private = true
	if !r.answered.Load() {
		_, err := r.respond(ctx, message.Reply(m))
		return err
	}
	if r.deferred {
		m.Private = false // a public "thinking…" cannot become private
		return r.edit(ctx, m)
	}
	if _, err := r.discord.FollowUp(ctx, r.address(), m); err != nil {
		return fmt.Errorf("follow up on interaction %s: %w", r.req.ID, err)
	}
	return nil
}

// say shows a text to this person alone.
func (r *responder) say(ctx context.Context, text string) error {
	return r.replyPrivately(ctx, message.Message{Content: text})
}

// address is the address of this interaction's answer.
func (r *responder) address() message.Address {
	created, ok := rest.SnowflakeTime(r.req.ID)
	if now := r.now(); !ok || created.After(now) || now.Sub(created) > TokenLife {
		created = now
	}
	return message.Address{
		Application: r.req.Application, Token: r.req.Token, Expires: created.Add(TokenLife), Channel: r.req.Place.Channel,
		Message: message.Original, User: r.req.Person.ID, FileLimit: r.req.Place.FileLimit, Locale: r.req.Person.Locale,
		Language: r.public,
	}
}
