package client

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"darkroom/bot/sandbox/wire"
)

// CheckValue checks a string, a number or a boolean for a command's option. Numbers come back as float64.
func CheckValue(o *wire.CommandOption, value any) (any, error) {
	b, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil { // JSON makes every number a float64, as the bot receives it
		return nil, err
	}
	isValue := func(c wire.Choice) bool { return fmt.Sprint(c.Value) == fmt.Sprint(v) }
	if len(o.Choices) > 0 && !slices.ContainsFunc(o.Choices, isValue) {
		return nil, fmt.Errorf("%v is not one of the choices", v)
	}
	switch x := v.(type) {
	case string:
		return x, checkText(o, x)
	case float64:
		return x, checkNumber(o, x)
	case bool:
		if o.Type != wire.BooleanOption {
			return nil, fmt.Errorf("true or false does not fit")
		}
		return x, nil
	}
	return nil, fmt.Errorf("%v does not fit", v)
}

func checkText(o *wire.CommandOption, x string) error {
	n := utf8.RuneCountInString(x)
	switch {
	case o.Type != wire.StringOption && o.Type != wire.RoleOption:
		return fmt.Errorf("text does not fit")
	case n > 6000 || o.MaxLength != nil && n > *o.MaxLength:
		return fmt.Errorf("the text is too long")
	case o.MinLength != nil && n < *o.MinLength:
		return fmt.Errorf("the text is too short")
	}
	return nil
}

func checkNumber(o *wire.CommandOption, x float64) error {
	switch {
	case o.Type != wire.IntegerOption && o.Type != wire.NumberOption:
		return fmt.Errorf("a number does not fit")
	case o.Type == wire.IntegerOption && x != float64(int64(x)):
		return fmt.Errorf("needs a whole number")
	case o.MinValue != nil && x < *o.MinValue:
		return fmt.Errorf("must be at least %v", *o.MinValue)
	case o.MaxValue != nil && x > *o.MaxValue:
		return fmt.Errorf("must be at most %v", *o.MaxValue)
	}
	return nil
}
