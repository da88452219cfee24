package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"darkroom/bot/message"
	"darkroom/bot/rest"
)

// page is a page of n messages, the newest first, whose ids end at newest; one of them carries a button.
func page(newest, n, with int) string {
	var all []string
	for i := range n {
		button := ""
		if newest-i == with {
			button = `{"type":1,"components":[{"type":2,"custom_id":"1:remix:7-0:0"}]}`
		}
		all = append(all, fmt.Sprintf(`{"id":"%d","components":[%s]}`, newest-i, button))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func TestFindMessage(t *testing.T) {
	t.Parallel()
	since := time.UnixMilli(1420070400000 + 1000)
	for name, c := range map[string]struct {
		answers []func(http.ResponseWriter)
		id      string
		sure    bool
		asked   int
	}{
		"on the second page": {[]func(http.ResponseWriter){
			respondWith(200, page(200, 100, 0)), respondWith(200, page(250, 50, 222)),
		}, "222", true, 2},
		"not there": {[]func(http.ResponseWriter){respondWith(200, page(9, 3, 0))}, "", true, 1},
		"not there, and nobody spoke since": {[]func(http.ResponseWriter){
			respondWith(200, `[]`), respondWith(200, page(5, 1, 0)),
		}, "", true, 2},
		"nothing is shown: it may be forbidden": {[]func(http.ResponseWriter){respondWith(200, `[]`)}, "", false, 2},
		"too busy a channel to be sure": {
			[]func(http.ResponseWriter){respondWith(200, page(200, 100, 0))}, "", false, 20,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, client := startServer(t, c.answers...)
			found, err := client.FindMessage(context.Background(), "5", since, "1:show:7-0:0", "1:remix:7-0:0")
			if err != nil || found.Message.ID != c.id || found.Conclusive != c.sure || len(s.requests()) != c.asked {
				t.Errorf("Search = %q, sure %v, %v after %d requests; want %q, %v after %d",
					found.Message.ID, found.Conclusive, err, len(s.requests()), c.id, c.sure, c.asked)
			}
		})
	}
	t.Run("an error is told", func(t *testing.T) {
		t.Parallel()
		_, client := startServer(t, respondWith(404, `{"code":10003}`))
		if _, err := client.FindMessage(context.Background(), "5", since, "x"); !rest.Removed(err) {
			t.Errorf("got %v, want a channel that is gone", err)
		}
	})
}

func TestRefusedBotTokenIsNotFinal(t *testing.T) {
	t.Parallel()
	_, client := startServer(t, respondWith(401, `{"code":0}`))
	_, err := client.PostMessage(context.Background(), "5", message.Message{Content: "x"})
	if !errors.Is(err, rest.ErrUnauthorized) || rest.Final(err) {
		t.Errorf("got %v, final %v; want the token refused and nothing given up", err, rest.Final(err))
	}
}
