package rest

import (
	"encoding/json"
	"net/http"

	"darkroom/bot/sandbox/wire"
	"darkroom/bot/sandbox/world"
)

// route is the list of everything the API can do.
func (a *API) route() {
	a.handle("GET /gateway", false, a.getGateway)
	a.handle("GET /gateway/bot", true, a.getGatewayBot)
	a.handle("GET /users/@me", true, getMe)
	a.handle("GET /applications/@me", true, getApplication)
	a.handle("GET /oauth2/applications/@me", true, getApplication)
	a.handle("POST /users/@me/channels", true, openDM)
	a.handle("GET /guilds/{guild}", true, getGuild)

	for _, at := range []string{"/applications/{app}/commands", "/applications/{app}/guilds/{guild}/commands"} {
		a.handle("GET "+at, true, listCommands)
		a.handle("POST "+at, true, createCommand)
		a.handle("PUT "+at, true, putCommands)
		a.handle("GET "+at+"/{id}", true, getCommand)
		a.handle("PATCH "+at+"/{id}", true, editCommand)
		a.handle("DELETE "+at+"/{id}", true, deleteCommand)
	}

	a.handle("POST /interactions/{id}/{token}/callback", false, callback)
	a.handle("POST /webhooks/{app}/{token}", false, followUp)
	a.handle("GET /webhooks/{app}/{token}/messages/{id}", false, getAnswer)
	a.handle("PATCH /webhooks/{app}/{token}/messages/{id}", false, editAnswer)
	a.handle("DELETE /webhooks/{app}/{token}/messages/{id}", false, deleteAnswer)

	a.handle("GET /channels/{channel}", true, getChannel)
	a.handle("GET /channels/{channel}/messages", true, listMessages)
	a.handle("POST /channels/{channel}/messages", true, postMessage)
	a.handle("GET /channels/{channel}/messages/{id}", true, getMessage)
	a.handle("PATCH /channels/{channel}/messages/{id}", true, editMessage)
	a.handle("DELETE /channels/{channel}/messages/{id}", true, deleteMessage)
	a.handle("POST /channels/{channel}/typing", true, typing)
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		a.handle(method+" /{rest...}", false, func(*request) (response, error) { return response{}, wire.NotFound() })
	}
}

func (a *API) address() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.gateway
}

func (a *API) getGateway(*request) (response, error) {
	return ok(map[string]string{"url": a.address()})
}

func (a *API) getGatewayBot(*request) (response, error) {
	return ok(map[string]any{"url": a.address(), "shards": 1, "session_start_limit": map[string]int{
		"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1}})
}

func getMe(c *request) (response, error) { return ok(c.world.App()) }

func getApplication(c *request) (response, error) {
	app := c.world.App()
	return ok(map[string]any{"id": app.ID, "name": app.Username, "description": "", "icon": nil, "bot": app,
		"bot_public": true, "bot_require_code_grant": false, "verify_key": "", "flags": 0, "summary": "", "owner": app})
}

func openDM(c *request) (response, error) {
	var body struct {
		Recipient string `json:"recipient_id"`
	}
	if err := json.Unmarshal(c.body, &body); err != nil {
		return response{}, wire.Refuse(50109)
	}
	ch, err := c.world.DM(body.Recipient)
	return response{http.StatusOK, ch}, err
}

func getGuild(c *request) (response, error) {
	g, err := c.world.Guild(c.PathValue("guild"))
	return response{http.StatusOK, g}, err
}

func callback(c *request) (response, error) {
	cb, err := wire.ReadCallback(c.body)
	if err != nil {
		return response{}, err
	}
	out, err := c.world.Answer(c.PathValue("id"), c.PathValue("token"), cb, c.files)
	if err != nil {
		return response{}, err
	}
	if c.URL.Query().Get("with_response") == "true" {
		return ok(out)
	}
	return noContent()
}

func followUp(c *request) (response, error) {
	d, err := c.draft()
	if err != nil {
		return response{}, err
	}
	m, err := c.world.FollowUp(c.PathValue("app"), c.PathValue("token"), d)
	return response{http.StatusOK, m}, err
}

func getAnswer(c *request) (response, error) {
	m, err := c.world.MessageByToken(c.PathValue("app"), c.PathValue("token"), c.PathValue("id"))
	return response{http.StatusOK, m}, err
}

func editAnswer(c *request) (response, error) {
	d, err := c.draft()
	if err != nil {
		return response{}, err
	}
	m, err := c.world.EditByToken(c.PathValue("app"), c.PathValue("token"), c.PathValue("id"), d)
	return response{http.StatusOK, m}, err
}

func deleteAnswer(c *request) (response, error) {
	if err := c.world.DeleteByToken(c.PathValue("app"), c.PathValue("token"), c.PathValue("id")); err != nil {
		return response{}, err
	}
	return noContent()
}

func getChannel(c *request) (response, error) {
	ch, err := c.world.BotChannel(c.PathValue("channel"))
	return response{http.StatusOK, ch}, err
}

func listMessages(c *request) (response, error) {
	q := c.URL.Query()
	limit, err := world.ReadLimit(q.Get("limit"))
	if err != nil {
		return response{}, err
	}
	list, err := c.world.History(c.PathValue("channel"), q.Get("before"), q.Get("after"), limit)
	return response{http.StatusOK, list}, err
}

func postMessage(c *request) (response, error) {
	d, err := c.draft()
	if err != nil {
		return response{}, err
	}
	m, err := c.world.PostMessage(c.PathValue("channel"), d)
	return response{http.StatusOK, m}, err
}

func getMessage(c *request) (response, error) {
	m, err := c.world.ReadMessage(c.PathValue("channel"), c.PathValue("id"))
	return response{http.StatusOK, m}, err
}

func editMessage(c *request) (response, error) {
	d, err := c.draft()
	if err != nil {
		return response{}, err
	}
	m, err := c.world.EditMessage(c.PathValue("channel"), c.PathValue("id"), d)
	return response{http.StatusOK, m}, err
}

func deleteMessage(c *request) (response, error) {
	if err := c.world.BotDelete(c.PathValue("channel"), c.PathValue("id")); err != nil {
		return response{}, err
	}
	return noContent()
}

func typing(c *request) (response, error) {
	if err := c.world.MayType(c.PathValue("channel")); err != nil {
		return response{}, err
	}
	c.world.Record("TYPING", c.PathValue("channel"))
	return noContent()
}
