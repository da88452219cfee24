package command

import "slices"

// The types of components that have choices of their own. Source: Discord, "Component Types".
const stringSelect = 3

// isGenuine tells whether a click could have been made: the message of the interaction has a component with this
// custom_id and of this type that can be used, and what was picked is among its choices. The message comes from
// Discord, the custom_id and the values from the person's client, which may send any. A form has the custom_id of the
// button that opened it, so for a form the same holds.
func isGenuine(message, data object) bool {
	id := data.text("custom_id")
	for _, c := range components(message) {
		if id == "" || c.text("custom_id") != id || c.boolean("disabled") {
			continue
		}
		if kind := data.integer("component_type"); data.has("component_type") && kind != c.integer("type") {
			continue
		}
		return c.integer("type") != stringSelect || offers(c, data.texts("values"))
	}
	return false
}

// components returns all components of a message: those in rows, containers and sections too.
func components(o object) (all []object) {
	for _, c := range o.list("components") {
		all = append(append(all, c), components(c)...)
		if side := c.object("accessory"); side != nil {
			all = append(all, side)
		}
	}
	return all
}

// offers tells whether all values are among the options of a select menu.
func offers(menu object, values []string) bool {
	var known []string
	for _, o := range menu.list("options") {
		known = append(known, o.text("value"))
	}
	return !slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(known, v) })
}
