package rest

import (
	"encoding/json"
	"net/http"
	"strconv"

	"darkroom/bot/sandbox/wire"
)

// addRoutes registers all routes of the API.
func (a *API) addRoutes() {
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

func getMe(r *request) (response, error) { return ok(r.world.App()) }

func getApplication(r *request) (response, error) {
	app := r.world.App()
	return ok(map[string]any{"id": app.ID, "name": app.Username, "description": "", "icon": nil, "bot": app,
		"bot_public": true, "bot_require_code_grant": false, "verify_key": "", "flags": 0, "summary": "", "owner": app})
}

func openDM(r *request) (response, error) {
	var body struct {
		Recipient string `json:"recipient_id"`
	}
	if err := json.Unmarshal(r.body, &body); err != nil {
		return response{}, wire.Refuse(50109)
	}
	ch, err := r.world.DM(body.Recipient)
	return response{http.StatusOK, ch}, err
}

func getGuild(r *request) (response, error) {
	g, err := r.world.Guild(r.PathValue("guild"))
	return response{http.StatusOK, g}, err
}

func callback(r *request) (response, error) {
	cb, err := wire.ReadCallback(r.body)
	if err != nil {
		return response{}, err
	}
	out, err := r.world.Answer(r.PathValue("id"), r.PathValue("token"), cb, r.files)
	if err != nil {
		return response{}, err
	}
	if r.URL.Query().Get("with_response") == "true" {
		return ok(out)
	}
	return noContent()
}

func followUp(r *request) (response, error) {
	d, err := r.draft()
	if err != nil {
		return response{}, err
	}
	m, err := r.world.FollowUp(r.PathValue("app"), r.PathValue("token"), d)
	return response{http.StatusOK, m}, err
}

func getAnswer(r *request) (response, error) {
	m, err := r.world.MessageByToken(r.PathValue("app"), r.PathValue("token"), r.PathValue("id"))
	return response{http.StatusOK, m}, err
}

func editAnswer(r *request) (response, error) {
	d, err := r.draft()
	if err != nil {
		return response{}, err
	}
	m, err := r.world.EditByToken(r.PathValue("app"), r.PathValue("token"), r.PathValue("id"), d)
	return response{http.StatusOK, m}, err
}

func deleteAnswer(r *request) (response, error) {
	if err := r.world.DeleteByToken(r.PathValue("app"), r.PathValue("token"), r.PathValue("id")); err != nil {
		return response{}, err
	}
	return noContent()
}

func getChannel(r *request) (response, error) {
	ch, err := r.world.BotChannel(r.PathValue("channel"))
	return response{http.StatusOK, ch}, err
}

func listMessages(r *request) (response, error) {
	q := r.URL.Query()
	limit, err := readLimit(q.Get("limit"))
	if err != nil {
		return response{}, err
	}
	list, err := r.world.History(r.PathValue("channel"), q.Get("before"), q.Get("after"), limit)
	return response{http.StatusOK, list}, err
}

func postMessage(r *request) (response, error) {
	d, err := r.draft()
	if err != nil {
		return response{}, err
	}
	m, err := r.world.PostMessage(r.PathValue("channel"), d)
	return response{http.StatusOK, m}, err
}

func getMessage(r *request) (response, error) {
	m, err := r.world.ReadMessage(r.PathValue("channel"), r.PathValue("id"))
	return response{http.StatusOK, m}, err
}

func editMessage(r *request) (response, error) {
	d, err := r.draft()
	if err != nil {
		return response{}, err
	}
	m, err := r.world.EditMessage(r.PathValue("channel"), r.PathValue("id"), d)
	return response{http.StatusOK, m}, err
}

func deleteMessage(r *request) (response, error) {
	if err := r.world.BotDelete(r.PathValue("channel"), r.PathValue("id")); err != nil {
		return response{}, err
	}
	return noContent()
}

func typing(r *request) (response, error) {
	if err := r.world.MayType(r.PathValue("channel")); err != nil {
		return response{}, err
	}
	r.world.Record("TYPING", r.PathValue("channel"))
	return noContent()
}

// readLimit parses the query parameter limit: 1 to 100; 50 if it is empty.
func readLimit(s string) (int, error) {
	if s == "" {
		return 50, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 100 {
		var f wire.FieldErrors
		f.Add("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
		return 0, f.Err()
	}
	return n, nil
}
