package config

import (
	"errors"
	"regexp"
	"strings"
)

// The parser's own sentences that a person needs to decode.
var (
	notInEnum  = regexp.MustCompile(`^(--[a-z-]+) must be one of (.*) but got "(.*)"$`)
	notANumber = regexp.MustCompile(`^(--[a-z-]+): expected (?:a valid \d+ bit|an?) (int|uint|float)\w*(?: value)? ` +
		`but got "(.*)"`)
	missing    = regexp.MustCompile(`^expected "<([a-z-]+)>"`)
	unexpected = regexp.MustCompile(`^unexpected argument ([^,]*)$`)
)

// plainFault says a fault of the command line as a person would, with the fix. Other faults stay as they are.
func plainFault(err error, command string) error {
	text := err.Error()
	if m := notInEnum.FindStringSubmatch(text); m != nil {
		var names []string
		for name := range strings.SplitSeq(m[2], ",") {
			if name = strings.Trim(name, `"`); name != "" {
				names = append(names, name)
			}
		}
		return errors.New(m[1] + " " + m[3] + ": want " + strings.Join(names, ", "))
	}
	if m := notANumber.FindStringSubmatch(text); m != nil {
		kind := "a whole number"
		if m[2] == "float" {
			kind = "a number"
		}
		return errors.New(m[1] + " " + m[3] + ": want " + kind)
	}
	if m := missing.FindStringSubmatch(text); m != nil && command != "" {
		example := strings.ToUpper(m[1])
		if m[1] == "prompt" {
			example = `"a red boat on a blue sea"`
		}
		return errors.New("the " + m[1] + " is missing, as in: darkroom " + command + " " + example)
	}
	if m := unexpected.FindStringSubmatch(text); m != nil && (command == "draw" || command == "prompt") {
		return errors.New("“" + m[1] + "” is one word too many: put the whole prompt in quotes, as in: darkroom " + command +
			` "a red boat on a blue sea"`)
	}
	return err
}
