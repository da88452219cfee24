package command_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"darkroom/bot/command"
)

// registered is what Discord gets, as plain JSON.
func registered(t *testing.T) []any {
	t.Helper()
	data, err := json.Marshal(command.All())
	if err != nil {
		t.Fatal(err)
	}
	var all []any
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// localizations is how the field of the texts in other languages ends.
const localizations = "_localizations"

// languagesOf lists the languages that a part of the commands has texts in, besides English.
func languagesOf(part any) map[string]bool {
	all := map[string]bool{}
	walk(part, func(o map[string]any) {
		for key, texts := range o {
			if strings.HasSuffix(key, localizations) {
				for tag := range texts.(map[string]any) {
					all[tag] = true
				}
			}
		}
	})
	return all
}

// walk calls visit for each object in JSON.
func walk(part any, visit func(map[string]any)) {
	switch v := part.(type) {
	case []any:
		for _, one := range v {
			walk(one, visit)
		}
	case map[string]any:
		visit(v)
		for _, one := range v {
			walk(one, visit)
		}
	}
}

// inLanguage replaces the English texts by those that a person of a language sees.
func inLanguage(part any, tag string) any {
	walk(part, func(o map[string]any) {
		for key, texts := range o {
			if field, found := strings.CutSuffix(key, localizations); found {
				if text, ok := texts.(map[string]any)[tag]; ok {
					o[field] = text
				}
				delete(o, key)
			}
		}
	})
	return part
}

// TestCommandsMatchGolden: in each language, the commands are what somebody looked at. -update writes the files of all
// languages.
func TestCommandsMatchGolden(t *testing.T) {
	t.Parallel()
	for _, tag := range append([]string{"en"}, slices.Sorted(maps.Keys(languagesOf(registered(t))))...) {
		golden := "testdata/golden/commands." + tag + ".json"
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", "\t")
		if err := e.Encode(inLanguage(registered(t), tag)); err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Bytes(), want) {
			t.Errorf("commands differ from %s; look at the difference, then run with -update.\ngot:\n%s", golden, b.Bytes())
		}
	}
}

// The options of /imagine are those that people know by heart, in the order of their use.
func TestImagineHasTheseOptions(t *testing.T) {
	t.Parallel()
	const want = "prompt negative_prompt model style lora lora2 lora3 aspect_ratio size count seed steps guidance_scale " +
		"sampler init_image strength mask fit hires draft private spoiler"
	var names []string
	for _, o := range command.All()[0].Options {
		names = append(names, o.Name)
	}
	if got := strings.Join(names, " "); got != want || len(names) > 22 {
		t.Errorf("got %s, want %s", got, want)
	}
}

// maxCommandSize is how many characters the names, descriptions and values of a command may have together. Of each text
// the longest of all languages counts. Source: interactions/application-commands.
const maxCommandSize = 8000

func TestCommandsAreSmallEnough(t *testing.T) {
	t.Parallel()
	for _, c := range registered(t) {
		size := 0
		walk(c, func(o map[string]any) {
			for _, field := range []string{"name", "description", "value"} {
				text, _ := o[field].(string)
				longest := utf8.RuneCountInString(text)
				others, _ := o[field+localizations].(map[string]any)
				for tag, other := range others {
					n := utf8.RuneCountInString(other.(string))
					if longest = max(longest, n); n < 1 || n > 100 {
						t.Errorf("%s %q in %s: %d characters, want 1 to 100", field, text, tag, n)
					}
				}
				size += longest
			}
		})
		if name := c.(map[string]any)["name"]; size > maxCommandSize {
			t.Errorf("%s: %d characters, want at most %d", name, size, maxCommandSize)
		} else {
			t.Logf("%s: %d characters", name, size)
		}
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
			for _, c := range o.Choices {
				if n := utf8.RuneCountInString(c.Name); n < 1 || n > 100 || utf8.RuneCountInString(c.Value) > 100 {
					t.Errorf("%s: choice %q has %d characters, or too long a value", at, c.Name, n)
				}
			}
			optional = optional || !o.Required
			check(at, o.Options)
		}
	}
	onMessage := 0
	for _, c := range command.All() {
		check("/"+c.Name, c.Options)
		if c.Type != 1 {
			onMessage++
			continue
		}
		if n := utf8.RuneCountInString(c.Description); !name.MatchString(c.Name) || n < 1 || n > 100 {
			t.Errorf("/%s: a description of %d characters, want a name and 1 to 100", c.Name, n)
		}
	}
	if onMessage > 15 {
		t.Errorf("%d message commands, at most 15", onMessage)
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
