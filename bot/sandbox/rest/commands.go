package rest

import (
	"encoding/json"
	"net/http"
	"slices"

	"darkroom/bot/sandbox/wire"
)

// checkApplication refuses commands of another application.
func checkApplication(r *request) error {
	if r.PathValue("app") != r.world.AppID() {
		return wire.Refuse(20012)
	}
	return nil
}

func listCommands(r *request) (response, error) {
	if err := checkApplication(r); err != nil {
		return response{}, err
	}
	list := r.world.Registered(r.PathValue("guild"))
	if r.URL.Query().Get("with_localizations") != "true" {
		for i := range list {
			list[i] = list[i].WithoutLocalizations()
		}
	}
	return ok(list)
}

func createCommand(r *request) (response, error) {
	var body wire.Command
	if err := r.parse(&body); err != nil {
		return response{}, err
	}
	out, isNew, err := r.world.Register(r.PathValue("guild"), body)
	if err == nil && isNew {
		return response{http.StatusCreated, out}, nil
	}
	return response{http.StatusOK, out}, err
}

func putCommands(r *request) (response, error) {
	var body []wire.Command
	if err := r.parse(&body); err != nil {
		return response{}, err
	}
	out, err := r.world.Overwrite(r.PathValue("guild"), body)
	return response{http.StatusOK, out}, err
}

func getCommand(r *request) (response, error) {
	if err := checkApplication(r); err != nil {
		return response{}, err
	}
	list := r.world.Registered(r.PathValue("guild"))
	at := slices.IndexFunc(list, func(x wire.Command) bool { return x.ID == r.PathValue("id") })
	if at < 0 {
		return response{}, wire.Refuse(10063)
	}
	return ok(list[at])
}

func editCommand(r *request) (response, error) {
	if err := checkApplication(r); err != nil {
		return response{}, err
	}
	out, err := r.world.Replace(r.PathValue("guild"), r.PathValue("id"), func(x *wire.Command) error {
		return r.parse(x)
	})
	return response{http.StatusOK, out}, err
}

func deleteCommand(r *request) (response, error) {
	if err := checkApplication(r); err != nil {
		return response{}, err
	}
	if err := r.world.Unregister(r.PathValue("guild"), r.PathValue("id")); err != nil {
		return response{}, err
	}
	return noContent()
}

// parse decodes the body of a request about this application's commands.
func (r *request) parse(body any) error {
	if r.PathValue("app") != r.world.AppID() {
		return wire.Refuse(20012)
	}
	if err := json.Unmarshal(r.body, body); err != nil {
		return wire.Refuse(50109)
	}
	return nil
}
