package wire

import "strconv"

func itoa(n int) string { return strconv.Itoa(n) }

// Limits of a modal.
const (
	maxFields     = 5
	maxModalFiles = 10 // files of one upload, and file types that it names
	maxBoxes      = 10 // options of a radio group or a checkbox group
	maxInput      = 4000
)

// CheckModal returns what is wrong with a modal; nil if nothing is.
func CheckModal(m *Modal) error {
	var f FieldErrors
	f.LengthBetween("data.title", m.Title, 1, 45)
	f.LengthBetween("data.custom_id", m.CustomID, 1, MaxCustomID)
	checkCount(&f, "data.components", len(m.Components), 1, maxFields)
	for i := range m.Components {
		checkField(&f, "data.components."+itoa(i), &m.Components[i])
	}
	checkIDs(&f, m.Components, "data.components")
	return f.Err()
}

// checkField checks a component at the top of a modal, and the one in it.
func checkField(f *FieldErrors, at string, c *Component) {
	if !placed(f, at, c, modalTop) {
		return
	}
	switch c.Type {
	case TextDisplay:
		f.LengthBetween(at+".content", c.Content, 1, MaxV2Text)
	case ActionRow:
		checkCount(f, at+".components", len(c.Components), 1, 1)
		for i := range c.Components {
			if at := at + ".components." + itoa(i); placed(f, at, &c.Components[i], inModalRow) {
				checkInput(f, at, &c.Components[i])
			}
		}
	case Label:
		f.LengthBetween(at+".label", c.Label, 1, 45)
		f.MaxLength(at+".description", c.Description, 100)
		if c.Component == nil {
			f.Add(at+".component", "BASE_TYPE_REQUIRED", "This field is required")
		} else if placed(f, at+".component", c.Component, inLabel) {
			checkInput(f, at+".component", c.Component)
		}
	}
}

// checkInput checks what a person fills in.
func checkInput(f *FieldErrors, at string, c *Component) {
	f.LengthBetween(at+".custom_id", c.CustomID, 1, MaxCustomID)
	if c.Disabled {
		f.Add(at+".disabled", "COMPONENT_DISABLED_IN_MODAL", "Components of a modal cannot be disabled.")
	}
	switch c.Type {
	case TextInput:
		checkTextInput(f, at, c)
	case StringSelect:
		checkSelect(f, at, c)
	case FileUpload:
		checkPicks(f, at, c, maxModalFiles)
		f.MaxCount(at+".file_types", len(c.FileTypes), maxModalFiles)
	case RadioGroup:
		checkBoxes(f, at, c, 2)
	case CheckboxGroup:
		checkBoxes(f, at, c, 1)
		checkPicks(f, at, c, len(c.Options))
	}
}

func checkTextInput(f *FieldErrors, at string, c *Component) {
	f.MaxLength(at+".label", c.Label, 45)
	f.MaxLength(at+".placeholder", c.Placeholder, 100)
	f.MaxLength(at+".value", c.Value, maxInput)
	if c.Style != 1 && c.Style != 2 {
		f.Add(at+".style", "BASE_TYPE_CHOICES", "Value must be one of {1, 2}.")
	}
	if c.MaxLength != nil && (*c.MaxLength < 1 || *c.MaxLength > maxInput) {
		f.Add(at+".max_length", "NUMBER_TYPE_MAX", "int value should be between 1 and 4000.")
	}
	if c.MaxLength != nil && length(c.Value) > *c.MaxLength {
		f.Add(at+".value", "BASE_TYPE_MAX_LENGTH", "Must be %d or fewer in length.", *c.MaxLength)
	}
}

// checkPicks checks how many files or boxes a person may choose: most is the largest number.
func checkPicks(f *FieldErrors, at string, c *Component, most int) {
	least := 1
	if c.MinValues != nil {
		least = *c.MinValues
		if least < 0 || least > most {
			f.Add(at+".min_values", "NUMBER_TYPE_MAX", "int value should be between 0 and %d.", most)
		}
	}
	if n := c.MaxValues; n != nil && (*n < max(least, 1) || *n > most) {
		f.Add(at+".max_values", "NUMBER_TYPE_MAX", "int value should be between %d and %d.", max(least, 1), most)
	}
	if c.MinValues != nil && least == 0 && (c.Required == nil || *c.Required) {
		f.Add(at+".required", "COMPONENT_REQUIRED_MIN_VALUES", "A required component needs min_values of 1 or more.")
	}
}

// checkBoxes checks the options of a radio group or a checkbox group.
func checkBoxes(f *FieldErrors, at string, c *Component, least int) {
	checkCount(f, at+".options", len(c.Options), least, maxBoxes)
	chosen := checkSelectOptions(f, at, c.Options)
	if c.Type == RadioGroup && chosen > 1 {
		f.Add(at+".options", "BASE_TYPE_BAD_LENGTH", "At most one option of a radio group can be the default.")
	}
}
