package rest_test

import (
	"testing"

	"darkroom/bot/message"
	"darkroom/bot/rest"
)

func TestFinal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		final  bool
	}{
		"400 with a page":                    {400, `<html>`, false},
		"401 with a page":                    {401, `<html>`, false},
		"403 with a page":                    {403, `<html>`, false},
		"404 with a page":                    {404, `<html>`, false},
		"408 without a body":                 {408, ``, false},
		"451 with a page":                    {451, `<html>`, false},
		"403 with a proxy's JSON":            {403, `{"code":403,"message":"Forbidden"}`, false},
		"403 with a proxy's code in words":   {403, `{"code":"blocked"}`, false},
		"403 with a general error":           {403, `{"code":0,"message":"403: Forbidden"}`, false},
		"blocked by the network":             {403, `{"code":40333}`, false},
		"messages are disabled for a while":  {403, `{"code":40004}`, false},
		"too many direct messages at a time": {400, `{"code":40003}`, false},
		"500":                                {500, `{"code":50083}`, false},
		"thread archived":                    {400, `{"code":50083}`, true},
		"thread locked":                      {403, `{"code":160005}`, true},
		"a code that nobody knows":           {400, `{"code":999999}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, client := startServer(t, respondWith(c.status, c.body))
			_, err := client.FollowUp(t.Context(), address, message.Message{})
			if err == nil || rest.Final(err) != c.final {
				t.Errorf("got %v, final %v; want final %v", err, rest.Final(err), c.final)
			}
			if proxy := !c.final && c.status < 500; rest.ByProxy(err) != proxy {
				t.Errorf("%v: by a proxy: got %v, want %v", err, rest.ByProxy(err), proxy)
			}
		})
	}
}
