package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Environment returns the environment of a renderer process that is to have these settings. Of base it leaves out
// every variable that settings are read from, so a token or a database that only the bot needs does not get there.
func Environment(base []string, l Log, r Renderer) []string {
	known := []string{tokenVariable, hubTokenVariable}
	visitSettings(reflect.ValueOf(Settings{}), func(name string, _ reflect.Value) { known = append(known, name) })
	env := slices.DeleteFunc(slices.Clone(base), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(known, name)
	})
	add := func(name string, value reflect.Value) {
		if text := settingText(value.Interface()); text != "" {
			env = append(env, name+"="+text)
		}
	}
	visitSettings(reflect.ValueOf(l), add)
	visitSettings(reflect.ValueOf(r), add)
	return env
}

// visitSettings calls visit for each field that is read from an environment variable, with the variable's name.
func visitSettings(v reflect.Value, visit func(name string, value reflect.Value)) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if name := field.Tag.Get("from"); name != "" {
			visit(name, v.Field(i))
		} else if field.Type.Kind() == reflect.Struct && field.Type != reflect.TypeFor[Secret]() {
			visitSettings(v.Field(i), visit)
		}
	}
}

// settingText is a value as it is written in the environment.
func settingText(value any) string {
	switch v := value.(type) {
	case Secret:
		return v.Text()
	case []string:
		escaped := make([]string, len(v))
		for i, s := range v {
			escaped[i] = strings.ReplaceAll(s, ",", `\,`)
		}
		return strings.Join(escaped, ",")
	default:
		return fmt.Sprint(v)
	}
}
