package wire

import "strconv"

func itoa(n int) string { return strconv.Itoa(n) }

// CheckModal returns what is wrong with a modal; nil if nothing is.
func CheckModal(m *Modal) error {
	var f FieldErrors
	f.LengthBetween("data.title", m.Title, 1, 45)
	f.LengthBetween("data.custom_id", m.CustomID, 1, MaxCustomID)
	if len(m.Components) < 1 || len(m.Components) > 5 {
		f.Add("data.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
	}
	seen := map[string]bool{}
	Walk(m.Components, "data.components", func(at string, c *Component) {
		checkField(&f, at, c)
		if c.CustomID != "" && seen[c.CustomID] {
			f.Add(at+".custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
		}
		seen[c.CustomID] = true
	})
	return f.Err()
}

func checkField(f *FieldErrors, at string, c *Component) {
	switch c.Type {
	case ActionRow:
		if len(c.Components) != 1 || c.Components[0].Type != TextInput {
			f.Add(at+".components", "BASE_TYPE_BAD_LENGTH", "A row of a modal holds exactly one text input.")
		}
	case Label:
		f.LengthBetween(at+".label", c.Label, 1, 45)
		f.MaxLength(at+".description", c.Description, 100)
		if c.Component == nil {
			f.Add(at+".component", "BASE_TYPE_REQUIRED", "This field is required")
		}
	case TextInput:
		checkInput(f, at, c)
	case StringSelect:
		checkSelect(f, at, c)
	case UserSelect, 6, 7, ChannelSelect, FileUpload, 21, 22, 23:
		f.LengthBetween(at+".custom_id", c.CustomID, 1, MaxCustomID)
	case TextDisplay:
	default:
		f.Add(at+".type", "BASE_TYPE_CHOICES", "Component type %d is not allowed in a modal.", c.Type)
	}
}

func checkInput(f *FieldErrors, at string, c *Component) {
	f.LengthBetween(at+".custom_id", c.CustomID, 1, MaxCustomID)
	f.MaxLength(at+".label", c.Label, 45)
	f.MaxLength(at+".placeholder", c.Placeholder, 100)
	f.MaxLength(at+".value", c.Value, 4000)
	if c.Style != 1 && c.Style != 2 {
		f.Add(at+".style", "BASE_TYPE_CHOICES", "Value must be one of {1, 2}.")
	}
	if c.MaxLength != nil && (*c.MaxLength < 1 || *c.MaxLength > 4000) {
		f.Add(at+".max_length", "NUMBER_TYPE_MAX", "int value should be between 1 and 4000.")
	}
	if c.MaxLength != nil && length(c.Value) > *c.MaxLength {
		f.Add(at+".value", "BASE_TYPE_MAX_LENGTH", "Must be %d or fewer in length.", *c.MaxLength)
	}
}
