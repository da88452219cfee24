package rest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

const (
	// pageSize is how many messages Discord returns at once, at most.
	pageSize = 100
	// searchPages bounds a search: a channel with more messages than that since is too busy to be sure.
	searchPages = 20
)

// FindResult is the result of FindMessage.
type FindResult struct {
	Message    Message // the message; without an ID when it was not found
	Conclusive bool    // the channel could be read, so a message that was not found is not there
}

// FindMessage searches a channel's messages since a time for one with any of these custom_ids. A caller that may have
// posted a message, but got no answer, searches before it posts again: Discord remembers a nonce for a few minutes
// only. A bot that may not read the history gets an empty answer: such a search is not Conclusive.
func (c *Client) FindMessage(
	ctx context.Context, channel string, since time.Time, customIDs ...string,
) (FindResult, error) {
	at := Snowflake(since)
	seen := false
	for range searchPages {
		page, err := c.fetchPage(ctx, channel, "&after="+at)
		if err != nil {
			return FindResult{}, err
		}
		for _, p := range page {
			if hasAny(p, customIDs) {
				return FindResult{Message: p, Conclusive: true}, nil
			}
		}
		if seen = seen || len(page) > 0; len(page) < pageSize {
			return c.notFound(ctx, channel, seen)
		}
		at = page[0].ID // the newest comes first
	}
	return FindResult{}, nil
}

// notFound is conclusive if the channel shows any message.
func (c *Client) notFound(ctx context.Context, channel string, seen bool) (FindResult, error) {
	if seen {
		return FindResult{Conclusive: true}, nil
	}
	newest, err := c.fetchPage(ctx, channel, "")
	return FindResult{Conclusive: len(newest) > 0}, err
}

func (c *Client) fetchPage(ctx context.Context, channel, query string) ([]Message, error) {
	r := request{
		method: http.MethodGet, path: fmt.Sprintf("/channels/%s/messages?limit=%d%s", channel, pageSize, query),
		bucket: "GET channel " + channel + " messages", route: "GET channel messages", idempotent: true,
	}
	var page []Message
	err := c.send(ctx, r, &page)
	return page, err
}

func hasAny(p Message, customIDs []string) bool {
	return slices.ContainsFunc(customIDs, p.Has)
}
