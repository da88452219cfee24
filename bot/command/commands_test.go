package command_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"darkroom/bot/command"
)

const golden = "testdata/golden/commands.json"

func TestCommandsMatchGolden(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(command.All(), "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("commands differ from %s; look at the difference, then run with -update.\ngot:\n%s", golden, got)
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	hash := func(cs []command.Command) string {
		h, err := command.Hash(cs)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	if a, b := hash(command.All()), hash(command.All()); a != b {
		t.Errorf("the same commands hash to %s and %s", a, b)
	}
	other := command.All()
	other[0].Description += "!"
	if hash(other) == hash(command.All()) {
		t.Error("another description has the same hash")
	}
}

// Discord's limits. Source: interactions/application-commands.
func TestCommandsKeepDiscordsLimits(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^[-_'\p{Ll}\p{N}]{1,32}$`)
	var check func(path string, options []command.Option)
	check = func(path string, options []command.Option) {
		if len(options) > 25 {
			t.Errorf("%s has %d options, at most 25", path, len(options))
		}
		optional := false
		for _, o := range options {
			at := path + " " + o.Name
			if !name.MatchString(o.Name) {
				t.Errorf("%s: not a name", at)
			}
			if n := utf8.RuneCountInString(o.Description); n < 1 || n > 100 {
				t.Errorf("%s: description of %d characters, want 1 to 100", at, n)
			}
			if o.Required && optional {
				t.Errorf("%s: required options come first", at)
			}
			if len(o.Choices) > 25 || len(o.Choices) > 0 && o.Autocomplete {
				t.Errorf("%s: %d choices, autocomplete %v", at, len(o.Choices), o.Autocomplete)
			}
			optional = optional || !o.Required
			check(at, o.Options)
		}
	}
	for _, c := range command.All() {
		check("/"+c.Name, c.Options)
	}
}

func TestHashRegistered(t *testing.T) {
	t.Parallel()
	hash := func(raw string) string {
		t.Helper()
		h, err := command.HashRegistered([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	const one = `[{"id":"1","version":"7","name":"a","type":1,"options":[]},{"id":"2","name":"b","type":1}]`
	if got := hash(`[{"name":"b","type":1,"id":"9"},{"type":1,"name":"a","options":[],"version":"8"}]`); got != hash(one) {
		t.Error("ids, versions or the order count")
	}
	for _, other := range []string{
		`[]`, `[{"name":"a","type":1,"options":[]}]`, `[{"name":"a","type":1,"options":[{}]},{"name":"b","type":1}]`,
	} {
		if hash(other) == hash(one) {
			t.Errorf("%s: the same hash as %s", other, one)
		}
	}
	if _, err := command.HashRegistered([]byte(`{}`)); err == nil {
		t.Error("no error for what is no list")
	}
}

func TestHasAll(t *testing.T) {
	t.Parallel()
	var names []string
	for _, c := range command.All() {
		names = append(names, fmt.Sprintf(`{"name":%q,"id":"1"}`, c.Name))
	}
	all := strings.Join(names, ",")
	for text, want := range map[string]bool{
		"[" + all + "]": true, "[" + strings.Join(names[1:], ",") + "]": false, "[]": false, "null": false, "{": false,
		"[" + all + `,{"name":"play"}]`: false, `[{"name":"play"}]`: false,
	} {
		if got := command.HasAll(json.RawMessage(text)); got != want {
			t.Errorf("%.60s: got %v, want %v", text, got, want)
		}
	}
}
