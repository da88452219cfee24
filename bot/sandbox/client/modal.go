package client

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"darkroom/bot/sandbox/wire"
)

// Filled is what a person filled into a modal, by custom_id. A field that is not in it keeps what it was opened with.
type Filled struct {
	Values map[string][]string      // a text, or what was chosen; of a checkbox "true" or "false"
	Files  map[string][]wire.Upload // of a file upload
}

// FillModal builds the components of a modal submit. upload stores a file and returns its id.
func FillModal(
	modal *wire.Modal, filled Filled, upload func(wire.Upload) (id string, err error),
) ([]wire.SubmittedComponent, error) {
	if err := known(modal, filled); err != nil {
		return nil, err
	}
	var list []wire.SubmittedComponent
	id := 0
	next := func() int { id++; return id }
	for i := range modal.Components {
		c := &modal.Components[i]
		out := wire.SubmittedComponent{Type: c.Type, ID: next()}
		field := c.Component
		if c.Type == wire.ActionRow {
			field = &c.Components[0]
		}
		if field == nil {
			list = append(list, out)
			continue
		}
		in, err := fillField(field, filled, upload)
		if err != nil {
			return nil, fmt.Errorf("field %q %w", field.CustomID, err)
		}
		if in.ID = next(); c.Type == wire.ActionRow {
			out.Components = []wire.SubmittedComponent{in}
		} else {
			out.Component = &in
		}
		list = append(list, out)
	}
	return list, nil
}

// known refuses values of fields that the modal does not have.
func known(modal *wire.Modal, filled Filled) error {
	var names []string
	for n := range filled.Values {
		names = append(names, n)
	}
	for n := range filled.Files {
		names = append(names, n)
	}
	for _, n := range names {
		if wire.FindComponent(modal.Components, n) == nil {
			return fmt.Errorf("the modal has no field %q", n)
		}
	}
	return nil
}

func fillField(
	c *wire.Component, filled Filled, upload func(wire.Upload) (string, error),
) (wire.SubmittedComponent, error) {
	out := wire.SubmittedComponent{Type: c.Type, CustomID: c.CustomID}
	values, changed := filled.Values[c.CustomID]
	required := c.Required == nil || *c.Required
	var err error
	switch c.Type {
	case wire.TextInput:
		text := c.Value
		if changed && len(values) > 0 {
			text = values[0]
		}
		out.Value, err = text, checkInput(c, text, required)
	case wire.Checkbox:
		out.Value = changed && len(values) > 0 && values[0] == "true" || !changed && c.Default != nil && *c.Default
	case wire.FileUpload:
		out.Values, err = sendFiles(c, filled.Files[c.CustomID], required, upload)
	default:
		if !changed {
			values = defaults(c.Options)
		}
		err = checkChoices(c, values, required)
		if c.Type == wire.RadioGroup && len(values) > 0 {
			out.Value = values[0]
		} else if c.Type != wire.RadioGroup {
			out.Values = values
		}
	}
	return out, err
}

func defaults(options []wire.SelectOption) (values []string) {
	for _, o := range options {
		if o.Default {
			values = append(values, o.Value)
		}
	}
	return values
}

func checkInput(c *wire.Component, text string, required bool) error {
	n := utf8.RuneCountInString(text)
	switch {
	case required && n == 0:
		return errRequired
	case n > 4000 || c.MaxLength != nil && n > *c.MaxLength:
		return fmt.Errorf("is too long")
	case n > 0 && c.MinLength != nil && n < *c.MinLength:
		return fmt.Errorf("is too short")
	}
	return nil
}

var errRequired = fmt.Errorf("is required")

// CheckPicked returns what a person could not pick in a select menu of a message.
func CheckPicked(c *wire.Component, values []string) error {
	if err := checkChoices(c, values, c.MinValues == nil || *c.MinValues > 0); err != nil {
		return fmt.Errorf("select menu %q %w", c.CustomID, err)
	}
	return nil
}

// checkChoices checks what was chosen of a select menu, a radio group or a checkbox group.
func checkChoices(c *wire.Component, values []string, required bool) error {
	for _, v := range values {
		if c.Options != nil && !slices.ContainsFunc(c.Options, func(o wire.SelectOption) bool { return o.Value == v }) {
			return fmt.Errorf("has no choice %q", v)
		}
	}
	most := 1
	if c.Type == wire.CheckboxGroup {
		most = len(c.Options)
	}
	return checkCount(c, len(values), most, required)
}

// checkCount checks how many things were chosen or uploaded. most is the largest number unless the field says another.
func checkCount(c *wire.Component, n, most int, required bool) error {
	least := 1
	if c.MinValues != nil {
		least = *c.MinValues
	}
	if c.MaxValues != nil {
		most = *c.MaxValues
	}
	switch {
	case n == 0 && required:
		return errRequired
	case n > 0 && n < least:
		return fmt.Errorf("needs at least %d, not %d", least, n)
	case n > most:
		return fmt.Errorf("takes at most %d, not %d", most, n)
	}
	return nil
}

// sendFiles uploads files and returns their ids.
func sendFiles(
	c *wire.Component, files []wire.Upload, required bool, upload func(wire.Upload) (string, error),
) (ids []string, err error) {
	if err := checkCount(c, len(files), 1, required); err != nil {
		return nil, err
	}
	for _, f := range files {
		id, err := upload(f)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}
