package rest

import (
	"context"
	"net/http"
	"time"

	"darkroom/bot/message"
)

// callbackLife is how long an interaction can be answered. Source: Discord, interactions/receiving-and-responding.
const callbackLife = 3 * time.Second

// Callback gives the first answer to an interaction. It must reach Discord within three seconds, so a limit that lasts
// longer is an error at once. It returns the message that it created, if any.
func (c *Client) Callback(ctx context.Context, interaction, token string, r message.Response) (Message, error) {
	k := request{
		method: http.MethodPost, path: "/interactions/" + interaction + "/" + token + "/callback?with_response=true",
		bucket: "callback/" + interaction, route: "POST interaction callback", byInteraction: true,
		body: r.Payload(), files: r.Files(), patience: callbackLife,
	}
	var answer struct {
		Resource struct {
			Message *Message `json:"message"`
		} `json:"resource"`
	}
	if err := c.send(ctx, k, &answer); err != nil {
		return Message{}, err
	}
	if answer.Resource.Message != nil {
		return *answer.Resource.Message, nil
	}
	return Message{}, nil
}

// webhookRequest is a request by an interaction's token, which is valid for 15 minutes.
func webhookRequest(method string, to message.Address, rest, route string) request {
	base := "/webhooks/" + to.Application + "/" + to.Token
	return request{
		method: method, path: base + rest, bucket: method + base, route: route, byInteraction: true,
		idempotent: method != http.MethodPost,
	}
}

// sendForMessage sends a request that is answered with a message.
func (c *Client) sendForMessage(ctx context.Context, k request) (Message, error) {
	var m Message
	err := c.send(ctx, k, &m)
	return m, err
}

// EditResponse replaces the answer at an address. It is safe to repeat. Many files need several requests.
func (c *Client) EditResponse(ctx context.Context, to message.Address, m message.Message) (Message, error) {
	k := webhookRequest(http.MethodPatch, to, "/messages/"+to.Message, "PATCH interaction answer")
	return c.editInParts(ctx, k, m)
}

// FetchResponse returns the answer at an address.
func (c *Client) FetchResponse(ctx context.Context, to message.Address) (Message, error) {
	return c.sendForMessage(ctx, webhookRequest(http.MethodGet, to, "/messages/"+to.Message, "GET interaction answer"))
}

// DeleteResponse deletes the answer at an address.
func (c *Client) DeleteResponse(ctx context.Context, to message.Address) error {
	return c.send(ctx, webhookRequest(http.MethodDelete, to, "/messages/"+to.Message, "DELETE interaction answer"), nil)
}

// FollowUp posts another message under an interaction.
func (c *Client) FollowUp(ctx context.Context, to message.Address, m message.Message) (Message, error) {
	k := webhookRequest(http.MethodPost, to, "?wait=true", "POST follow-up")
	return c.sendForMessage(ctx, k.with(m))
}
