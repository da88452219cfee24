package reply

import (
	"context"
	"encoding/json"
	"net/http"
)

// The requests below go by the bot's own token, so only the bot can make them.

// Post writes a message into a channel. With a Nonce a repeated post within a few minutes returns the first message.
func (c *Client) Post(ctx context.Context, channel string, m Message) (Posted, error) {
	k := call{
		method: http.MethodPost, path: "/channels/" + channel + "/messages", bucket: "POST channel " + channel,
		route: "POST channel message", body: &m, twice: m.Nonce != "",
	}
	return c.posted(ctx, k)
}

func message(method, channel, id, route string) call {
	return call{method: method, path: "/channels/" + channel + "/messages/" + id, bucket: method + " channel " + channel, route: route, twice: true}
}

// Message returns a message of a channel.
func (c *Client) Message(ctx context.Context, channel, id string) (Posted, error) {
	return c.posted(ctx, message(http.MethodGet, channel, id, "GET channel message"))
}

// EditMessage replaces a message of the bot's own in a channel, however old.
func (c *Client) EditMessage(ctx context.Context, channel, id string, m Message) (Posted, error) {
	k := message(http.MethodPatch, channel, id, "PATCH channel message")
	k.body = &m
	return c.posted(ctx, k)
}

// DeleteMessage deletes a message of a channel.
func (c *Client) DeleteMessage(ctx context.Context, channel, id string) error {
	return c.send(ctx, message(http.MethodDelete, channel, id, "DELETE channel message"), nil)
}

// Direct returns the channel of direct messages with a user.
func (c *Client) Direct(ctx context.Context, user string) (string, error) {
	k := call{
		method: http.MethodPost, path: "/users/@me/channels", bucket: "POST direct channel", route: "POST direct channel",
		body: map[string]string{"recipient_id": user}, twice: true,
	}
	var answer struct {
		ID string `json:"id"`
	}
	err := c.send(ctx, k, &answer)
	return answer.ID, err
}

// Register replaces all of the application's global commands. Discord allows 200 creations a day, so call it only when
// something changed.
func (c *Client) Register(ctx context.Context, application string, commands json.RawMessage) error {
	return c.send(ctx, call{
		method: http.MethodPut, path: "/applications/" + application + "/commands", bucket: "PUT commands",
		route: "PUT application commands", body: commands, twice: true,
	}, nil)
}

// Application returns the id of the application that the bot's token belongs to.
func (c *Client) Application(ctx context.Context) (string, error) {
	k := call{method: http.MethodGet, path: "/applications/@me", bucket: "GET application", route: "GET application", twice: true}
	var answer struct {
		ID string `json:"id"`
	}
	err := c.send(ctx, k, &answer)
	return answer.ID, err
}
