package rest

import (
	"context"
	"encoding/json"
	"net/http"

	"darkroom/bot/message"
)

// The requests of this file use the bot's own token, so only the bot can make them.

// PostMessage posts a message into a channel. With a Nonce a repeated post within a few minutes returns the first
// message. Files that one request has no room for are added to the message after that: an error may mean that only they
// are missing, see Complete. Then the message is returned beside it.
func (c *Client) PostMessage(ctx context.Context, channel string, m message.Message) (Message, error) {
	r := request{
		method: http.MethodPost, path: "/channels/" + channel + "/messages", bucket: "POST channel " + channel,
		route: "POST channel message", idempotent: m.Nonce != "",
	}
	groups := m.Groups()
	if len(groups) < 2 {
		return c.sendForMessage(ctx, r.with(m))
	}
	posted, err := c.sendForMessage(ctx, r.with(m.Part(nil, groups[0], true)))
	if err != nil {
		return posted, err
	}
	whole, err := c.Complete(ctx, channel, posted, m)
	if err != nil {
		return posted, err
	}
	return whole, nil
}

func messageRequest(method, channel, id, route string) request {
	return request{
		method: method, path: "/channels/" + channel + "/messages/" + id, bucket: method + " channel " + channel,
		route: route, idempotent: true,
	}
}

// FetchMessage returns a message of a channel.
func (c *Client) FetchMessage(ctx context.Context, channel, id string) (Message, error) {
	return c.sendForMessage(ctx, messageRequest(http.MethodGet, channel, id, "GET channel message"))
}

// EditMessage replaces one of the bot's own messages in a channel, of any age. Many files need several requests.
func (c *Client) EditMessage(ctx context.Context, channel, id string, m message.Message) (Message, error) {
	return c.editInParts(ctx, messageRequest(http.MethodPatch, channel, id, "PATCH channel message"), m)
}

// TryFetchMessage is FetchMessage for what may as well be left undone: it waits for no limit, leaves the last place in
// one to others, and is not repeated.
func (c *Client) TryFetchMessage(ctx context.Context, channel, id string) (Message, error) {
	r := messageRequest(http.MethodGet, channel, id, "GET channel message")
	r.optional = true
	return c.sendForMessage(ctx, r)
}

// TryEditMessage is EditMessage for what may as well be left undone, see TryFetchMessage.
func (c *Client) TryEditMessage(ctx context.Context, channel, id string, m message.Message) (Message, error) {
	r := messageRequest(http.MethodPatch, channel, id, "PATCH channel message")
	r.optional = true
	return c.sendForMessage(ctx, r.with(m))
}

// DeleteMessage deletes a message of a channel.
func (c *Client) DeleteMessage(ctx context.Context, channel, id string) error {
	return c.send(ctx, messageRequest(http.MethodDelete, channel, id, "DELETE channel message"), nil)
}

// AgeRestricted tells whether a channel is age-restricted. The bot must be able to see it.
func (c *Client) AgeRestricted(ctx context.Context, channel string) (bool, error) {
	r := request{
		method: http.MethodGet, path: "/channels/" + channel, bucket: "GET channel " + channel, route: "GET channel",
		idempotent: true,
	}
	var answer struct {
		NSFW bool `json:"nsfw"`
	}
	err := c.send(ctx, r, &answer)
	return answer.NSFW, err
}

// OpenDM returns the channel of direct messages with a user.
func (c *Client) OpenDM(ctx context.Context, user string) (string, error) {
	r := request{
		method: http.MethodPost, path: "/users/@me/channels", bucket: "POST direct channel", route: "POST direct channel",
		body: map[string]string{"recipient_id": user}, idempotent: true,
	}
	var answer struct {
		ID string `json:"id"`
	}
	err := c.send(ctx, r, &answer)
	return answer.ID, err
}

// RegisterCommands replaces all of the application's global commands. Discord allows 200 creations a day, so call it
// only when something changed.
func (c *Client) RegisterCommands(ctx context.Context, application string, commands json.RawMessage) error {
	return c.send(ctx, request{
		method: http.MethodPut, path: "/applications/" + application + "/commands", bucket: "PUT commands",
		route: "PUT application commands", body: commands, idempotent: true,
	}, nil)
}

// RegisteredCommands returns the application's global commands as Discord has them, with their texts in all languages.
func (c *Client) RegisteredCommands(ctx context.Context, application string) (json.RawMessage, error) {
	var commands json.RawMessage
	err := c.send(ctx, request{
		method: http.MethodGet, path: "/applications/" + application + "/commands?with_localizations=true",
		bucket: "GET commands",
		route:  "GET application commands", idempotent: true,
	}, &commands)
	return commands, err
}

// ApplicationID returns the id of the application that the bot's token belongs to.
func (c *Client) ApplicationID(ctx context.Context) (string, error) {
	r := request{
		method: http.MethodGet, path: "/applications/@me", bucket: "GET application", route: "GET application",
		idempotent: true,
	}
	var answer struct {
		ID string `json:"id"`
	}
	err := c.send(ctx, r, &answer)
	return answer.ID, err
}
