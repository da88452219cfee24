package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
)

func TestRefused(t *testing.T) {
	t.Parallel()
	rest := func(status int) error {
		return &discordgo.RESTError{Response: &http.Response{StatusCode: status}}
	}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"a wrong token":                  {&websocket.CloseError{Code: 4004}, true},
		"an invalid shard":               {&websocket.CloseError{Code: 4010}, true},
		"intents that do not exist":      {&websocket.CloseError{Code: 4013}, true},
		"intents that were not granted":  {&websocket.CloseError{Code: 4014}, true},
		"a refusal inside another error": {fmt.Errorf("open: %w", &websocket.CloseError{Code: 4014}), true},
		"a token that REST refuses":      {rest(http.StatusUnauthorized), true},
		"a 401 in Discord's own words": {&discordgo.RESTError{
			Response: &http.Response{StatusCode: http.StatusUnauthorized}, ResponseBody: []byte(`{"code":0}`),
		}, true},
		"a proxy's 401": {&discordgo.RESTError{
			Response: &http.Response{StatusCode: http.StatusUnauthorized}, ResponseBody: []byte(`<html>`),
		}, false},
		"a session that is no longer valid":  {&websocket.CloseError{Code: 4007}, false},
		"a session that timed out":           {&websocket.CloseError{Code: 4009}, false},
		"the first code after the refusals":  {&websocket.CloseError{Code: 4015}, false},
		"a connection that closed by itself": {&websocket.CloseError{Code: websocket.CloseAbnormalClosure}, false},
		"REST that is overloaded":            {rest(http.StatusTooManyRequests), false},
		"a network error":                    {errors.New("no route to host"), false},
		"no error":                           {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := refused(c.err); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
