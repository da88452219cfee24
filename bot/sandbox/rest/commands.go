package rest

import (
	"encoding/json"
	"net/http"
	"slices"

	"darkroom/bot/sandbox/wire"
)

// mine refuses commands of another application.
func mine(c *call) error {
	if c.PathValue("app") != c.world.AppID() {
		return wire.Refuse(20012)
	}
	return nil
}

func listCommands(c *call) (reply, error) {
	if err := mine(c); err != nil {
		return reply{}, err
	}
	return ok(c.world.Registered(c.PathValue("guild")))
}

func createCommand(c *call) (reply, error) {
	var body wire.Command
	if err := c.parse(&body); err != nil {
		return reply{}, err
	}
	out, isNew, err := c.world.Register(c.PathValue("guild"), body)
	if err == nil && isNew {
		return reply{http.StatusCreated, out}, nil
	}
	return reply{http.StatusOK, out}, err
}

func putCommands(c *call) (reply, error) {
	var body []wire.Command
	if err := c.parse(&body); err != nil {
		return reply{}, err
	}
	out, err := c.world.Overwrite(c.PathValue("guild"), body)
	return reply{http.StatusOK, out}, err
}

func getCommand(c *call) (reply, error) {
	if err := mine(c); err != nil {
		return reply{}, err
	}
	list := c.world.Registered(c.PathValue("guild"))
	at := slices.IndexFunc(list, func(x wire.Command) bool { return x.ID == c.PathValue("id") })
	if at < 0 {
		return reply{}, wire.Refuse(10063)
	}
	return ok(list[at])
}

func editCommand(c *call) (reply, error) {
	if err := mine(c); err != nil {
		return reply{}, err
	}
	out, err := c.world.Replace(c.PathValue("guild"), c.PathValue("id"), func(x *wire.Command) error {
		return c.parse(x)
	})
	return reply{http.StatusOK, out}, err
}

func deleteCommand(c *call) (reply, error) {
	if err := mine(c); err != nil {
		return reply{}, err
	}
	if err := c.world.Unregister(c.PathValue("guild"), c.PathValue("id")); err != nil {
		return reply{}, err
	}
	return noContent()
}

// parse reads a body about this application's commands.
func (c *call) parse(body any) error {
	if c.PathValue("app") != c.world.AppID() {
		return wire.Refuse(20012)
	}
	if err := json.Unmarshal(c.body, body); err != nil {
		return wire.Refuse(50109)
	}
	return nil
}
