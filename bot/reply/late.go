package reply

import (
	"context"
	"errors"
	"fmt"
)

// ErrUndeliverable means that no place is left where the pictures may go: the channel and the direct messages are both
// closed to the bot.
var ErrUndeliverable = errors.New("no place left to deliver to")

// Deliver is the bot's side of the delivery ladder, for pictures that could not be posted by interaction token. In a
// public place they go to the same channel, else by direct message; a private answer only ever goes by direct message.
// job is the nonce, so doing it again within minutes posts nothing twice; known is the id of the waiting message, or
// empty. If that message is deleted nothing is posted; if it carries the finished pictures already, neither.
func (c *Client) Deliver(ctx context.Context, to To, job, known string, m Message) (Posted, string, error) {
	m.AllowUsers, m.Nonce = []string{to.User}, job
	if !to.Ephemeral {
		p, how, err := c.deliverPublic(ctx, to, job, known, m)
		if err == nil || !Forbidden(err) && !Removed(err) {
			return p, how, err
		}
	}
	channel, err := c.Direct(ctx, to.User)
	if err != nil {
		return Posted{}, "", undeliverable(err)
	}
	p, err := c.Post(ctx, channel, m)
	if err != nil {
		return Posted{}, "", undeliverable(err)
	}
	return p, "posted", nil
}

// deliverPublic posts into the channel where the job was asked for, as an answer to its waiting message.
func (c *Client) deliverPublic(ctx context.Context, to To, job, known string, m Message) (Posted, string, error) {
	if known != "" {
		p, err := c.Message(ctx, to.Channel, known)
		switch {
		case hasCode(err, codeUnknownMessage):
			return Posted{}, "removed", nil
		case err == nil && finishedIs(p, job):
			return p, "found", nil
		case err != nil && !Forbidden(err):
			return Posted{}, "", fmt.Errorf("look at the waiting message: %w", err)
		}
		m.Answers = known
	}
	p, err := c.Post(ctx, to.Channel, m)
	if err != nil {
		return Posted{}, "", err
	}
	if known != "" {
		if err := c.pointTo(ctx, to, known); err != nil && !Removed(err) && !Forbidden(err) {
			return Posted{}, "", fmt.Errorf("edit the waiting message: %w", err)
		}
	}
	return p, "posted", nil
}

// pointTo makes the waiting message say where the pictures went.
func (c *Client) pointTo(ctx context.Context, to To, known string) error {
	_, err := c.EditMessage(ctx, to.Channel, known, Message{Content: "🖼️ Finished late, the pictures are below."})
	return err
}

func undeliverable(err error) error {
	if Forbidden(err) || Removed(err) {
		return fmt.Errorf("%w: %v", ErrUndeliverable, err)
	}
	return err
}
