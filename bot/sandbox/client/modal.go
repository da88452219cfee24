package client

import (
	"fmt"
	"unicode/utf8"

	"darkroom/bot/sandbox/wire"
)

// FillModal builds the components of a modal submit. Values are by custom_id; a field without a value keeps the one it
// was opened with.
func FillModal(modal *wire.Modal, values map[string]string) ([]wire.SubmittedComponent, error) {
	var list []wire.SubmittedComponent
	for n := range values {
		if wire.FindComponent(modal.Components, n) == nil {
			return nil, fmt.Errorf("the modal has no field %q", n)
		}
	}
	for i := range modal.Components {
		c := &modal.Components[i]
		out := wire.SubmittedComponent{Type: c.Type, ID: i + 1}
		switch {
		case c.Type == wire.ActionRow:
			field, err := fillField(&c.Components[0], values)
			if err != nil {
				return nil, err
			}
			out.Components = []wire.SubmittedComponent{field}
		case c.Type == wire.Label && c.Component != nil:
			field, err := fillField(c.Component, values)
			if err != nil {
				return nil, err
			}
			out.Component = &field
		}
		list = append(list, out)
	}
	return list, nil
}

func fillField(c *wire.Component, values map[string]string) (wire.SubmittedComponent, error) {
	v, ok := values[c.CustomID]
	if !ok {
		v = c.Value
	}
	out := wire.SubmittedComponent{Type: c.Type, CustomID: c.CustomID}
	if c.Type != wire.TextInput {
		if v != "" {
			out.Values = []string{v}
		}
		return out, nil
	}
	out.Value = &v
	n := utf8.RuneCountInString(v)
	required := c.Required == nil || *c.Required
	switch {
	case required && n == 0:
		return out, fmt.Errorf("field %q is required", c.CustomID)
	case n > 4000 || c.MaxLength != nil && n > *c.MaxLength:
		return out, fmt.Errorf("field %q is too long", c.CustomID)
	case n > 0 && c.MinLength != nil && n < *c.MinLength:
		return out, fmt.Errorf("field %q is too short", c.CustomID)
	}
	return out, nil
}
