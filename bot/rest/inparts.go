package rest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"darkroom/bot/message"
)

// errNotKept means that Discord did not keep the files of an earlier request.
var errNotKept = errors.New("files of an earlier request are not on the message")

// editInParts edits a message with more files than one request may have: each request keeps the files of those before
// it. All but the last look unfinished, so that a bot that dies in between leaves nothing that looks like a result.
// Repeating it begins anew, with the same end.
func (c *Client) editInParts(ctx context.Context, k request, m message.Message) (posted Message, err error) {
	groups := m.Groups()
	if len(groups) < 2 {
		return c.sendForMessage(ctx, k.with(m))
	}
	var sent []message.File
	kept := m.Kept
	for i, files := range groups {
		posted, err = c.sendForMessage(ctx, k.with(m.Part(kept, files, i == len(groups)-1)))
		if err != nil {
			return posted, err
		}
		sent = append(sent, files...)
		if kept = slices.Concat(m.Kept, keepFiles(posted, sent)); len(kept) != len(m.Kept)+len(sent) {
			return posted, errNotKept
		}
	}
	return posted, nil
}

// keepFiles lists those of the files that a message has, in their order.
func keepFiles(m Message, files []message.File) []message.Kept {
	if len(files) == 0 {
		return nil // no name would mean all of them
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimPrefix(f.SafeName(), message.SpoilerPrefix)
	}
	return m.Keep(names...)
}

// Complete adds the files of m that a message in a channel does not show yet: it was posted with those of one request.
func (c *Client) Complete(ctx context.Context, channel string, posted Message, m message.Message) (Message, error) {
	m.Nonce = ""
	for shown := -1; ; {
		kept := keepFiles(posted, m.Files)
		missing := m
		missing.Files = slices.DeleteFunc(slices.Clone(m.Files), func(f message.File) bool {
			return slices.ContainsFunc(kept, func(k message.Kept) bool { return k.Name == f.SafeName() })
		})
		switch {
		case len(missing.Files) == 0:
			return posted, nil
		case len(kept) <= shown:
			return posted, errNotKept
		}
		shown = len(kept)
		k := messageRequest(http.MethodPatch, channel, posted.ID, "PATCH channel message")
		var err error
		if posted, err = c.sendForMessage(ctx, k.with(m.Part(kept, missing.Groups()[0], true))); err != nil {
			return posted, err
		}
	}
}
