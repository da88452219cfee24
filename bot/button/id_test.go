package button_test

import (
	"errors"
	"strings"
	"testing"

	"darkroom/bot/button"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, id := range []button.ID{
		{Verb: button.Reroll, Job: "1234567890123456789-0"},
		{Verb: button.Vary, Job: "1234567890123456789-3", Tile: 4, Arg: "subtle"},
		{Verb: button.Single, Job: "1-0", Tile: 1},
		{Verb: button.Zoom, Job: "1-0", Tile: 1, Arg: "1-5"},
		{Verb: button.Region, Job: "1234567890123456789-0", Tile: 1},
		{Verb: button.Pan, Job: "1-0", Tile: 4, Arg: "left"},
	} {
		t.Run(string(id.Verb)+" reads back", func(t *testing.T) {
			t.Parallel()
			got, err := button.Parse(id.String())
			if err != nil || got != id {
				t.Errorf("Parse(%q) = %+v, %v; want %+v", id.String(), got, err, id)
			}
		})
	}
	for name, text := range map[string]string{
		"empty":               "",
		"another bot's":       "menu/close/17",
		"a later version":     "2:reroll:1-0:0",
		"an unknown verb":     "1:explode:1-0:0",
		"a tile out of range": "1:vary:1-0:5",
		"a tile with a sign":  "1:vary:1-0:+1",
		"no job":              "1:vary::1",
		"markup in the job":   "1:vary:<@1>:1",
		"too long":            "1:vary:1-0:1:" + strings.Repeat("a", 100),
	} {
		t.Run(name+" is foreign", func(t *testing.T) {
			t.Parallel()
			if got, err := button.Parse(text); !errors.Is(err, button.ErrForeign) {
				t.Errorf("Parse(%q) = %+v, %v; want ErrForeign", text, got, err)
			}
		})
	}
}

func TestLongestIDFits(t *testing.T) {
	t.Parallel()
	id := button.ID{Verb: button.Upscale, Job: "18446744073709551615-9999", Tile: 4, Arg: "strong"}
	if n := len(id.String()); n > button.MaxLength {
		t.Errorf("custom_id of the longest job is %d characters, want at most %d", n, button.MaxLength)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("1:vary:1-0:1:subtle")
	f.Add("1:reroll:x:0:")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := button.Parse(text)
		if err == nil && id.String() != text {
			t.Errorf("Parse(%q).String() = %q", text, id.String())
		}
	})
}
