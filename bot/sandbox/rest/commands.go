package rest

import (
	"encoding/json"
	"net/http"
	"slices"

	"darkroom/bot/sandbox/wire"
)

// checkApplication refuses commands of another application.
func checkApplication(c *request) error {
	if c.PathValue("app") != c.world.AppID() {
		return wire.Refuse(20012)
	}
	return nil
}

func listCommands(c *request) (response, error) {
	if err := checkApplication(c); err != nil {
		return response{}, err
	}
	return ok(c.world.Registered(c.PathValue("guild")))
}

func createCommand(c *request) (response, error) {
	var body wire.Command
	if err := c.parse(&body); err != nil {
		return response{}, err
	}
	out, isNew, err := c.world.Register(c.PathValue("guild"), body)
	if err == nil && isNew {
		return response{http.StatusCreated, out}, nil
	}
	return response{http.StatusOK, out}, err
}

func putCommands(c *request) (response, error) {
	var body []wire.Command
	if err := c.parse(&body); err != nil {
		return response{}, err
	}
	out, err := c.world.Overwrite(c.PathValue("guild"), body)
	return response{http.StatusOK, out}, err
}

func getCommand(c *request) (response, error) {
	if err := checkApplication(c); err != nil {
		return response{}, err
	}
	list := c.world.Registered(c.PathValue("guild"))
	at := slices.IndexFunc(list, func(x wire.Command) bool { return x.ID == c.PathValue("id") })
	if at < 0 {
		return response{}, wire.Refuse(10063)
	}
	return ok(list[at])
}

func editCommand(c *request) (response, error) {
	if err := checkApplication(c); err != nil {
		return response{}, err
	}
	out, err := c.world.Replace(c.PathValue("guild"), c.PathValue("id"), func(x *wire.Command) error {
		return c.parse(x)
	})
	return response{http.StatusOK, out}, err
}

func deleteCommand(c *request) (response, error) {
	if err := checkApplication(c); err != nil {
		return response{}, err
	}
	if err := c.world.Unregister(c.PathValue("guild"), c.PathValue("id")); err != nil {
		return response{}, err
	}
	return noContent()
}

// parse reads a body about this application's commands.
func (c *request) parse(body any) error {
	if c.PathValue("app") != c.world.AppID() {
		return wire.Refuse(20012)
	}
	if err := json.Unmarshal(c.body, body); err != nil {
		return wire.Refuse(50109)
	}
	return nil
}
