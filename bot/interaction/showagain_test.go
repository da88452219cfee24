package interaction

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"darkroom/bot/command"
	"darkroom/bot/message"
	"darkroom/bot/rest"
)

// Another bot may post a message with the buttons of somebody's job, above images of its own: /show does not show them.
func TestShowNoMessageOfOthers(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"id":"9","channel_id":"7","author":{"id":"2"}}`))
	}))
	t.Cleanup(server.Close)
	discord := rest.NewClient(rest.Options{Base: server.URL + "/api/v10", Token: "none"})
	for application, want := range map[string]error{"1": message.ErrNoImages, "2": nil} {
		r := &responder{discord: discord, req: command.Request{Application: application}}
		if _, err := fetchShown(t.Context(), r, "7", "9"); !errors.Is(err, want) {
			t.Errorf("application %s: got %v, want %v", application, err, want)
		}
	}
}
