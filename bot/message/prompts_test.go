package message

import (
	"strings"
	"testing"
	"unicode/utf8"

	"darkroom/bot/language"
	"darkroom/render/picture"
)

func tiled(prompts ...string) picture.Spec {
	s := picture.Spec{Version: 3, Count: len(prompts), Width: 128, Height: 128, Sampler: "ddim"}
	var tiles []picture.TilePrompt
	for i, p := range prompts {
		tiles = append(tiles, picture.TilePrompt{Prompt: p, Negative: strings.Repeat("fog", i%2)})
	}
	s.SetPrompts(tiles)
	return s
}

func TestPromptText(t *testing.T) {
	t.Parallel()
	for want, prompts := range map[string][]string{
		"a {red|blue|green|red} boat":           {"a red boat", "a blue boat", "a green boat", "a red boat"},
		"{red boat on sea|blue boat on a lake}": {"red boat on sea", "blue boat on a lake"},
		"a {red|} boat":                         {"a red boat", "a boat"},
		"a boat":                                {"a boat", "a boat"},
		"a {rose|red} boat":                     {"a rose boat", "a red boat"},
		"a {|a} b":                              {"a b", "a a b"},
		"{a boat|}":                             {"a boat", ""},
	} {
		if prompts == nil {
			continue
		}
		got := PromptText(tiled(prompts...))
		if got != want {
			t.Errorf("%q: got %q, want %q", prompts, got, want)
		}
	}
	long := strings.Repeat("boat ", 300)
	got := PromptText(tiled(long+"red "+long, long+"blue "+long, long+strings.Repeat("green ", 100)+long))
	if n := utf8.RuneCountInString(got); n > maxPromptShown || !strings.Contains(got, "{red|blue|green") {
		t.Errorf("long prompts: got %d characters: %q", n, got)
	}
	if got := PromptText(picture.Spec{Prompt: "a  boat"}); got != "a  boat" {
		t.Errorf("one prompt: got %q, want it as it is", got)
	}
}

// TestEachImageTellsItsPrompt: the message, the alternative texts and the settings say what each image got.
func TestEachImageTellsItsPrompt(t *testing.T) {
	t.Parallel()
	spec := tiled("a red boat", "a *blue* boat")
	m := Finished(Address{User: "1"}, spec, "7-0", Result{Files: []File{{Name: "1.png"}, {Name: "2.png"}}})
	if !strings.Contains(m.Content, `a {red\|\*blue\*} boat`) {
		t.Errorf("heading: got %q", m.Content)
	}
	if m.Files[0].Description != "Image 1: a red boat" || m.Files[1].Description != "Image 2: a *blue* boat" {
		t.Errorf("alternative texts: got %q and %q", m.Files[0].Description, m.Files[1].Description)
	}
	all := Info(english, JobInfo{ID: "7-0", Spec: spec})
	for _, want := range []string{"**Prompt 1** a red boat\n", `**Prompt 2** a \*blue\* boat`, "**Negative 2** fog\n"} {
		if !strings.Contains(all, want) {
			t.Errorf("settings of all: got %q, want %q in it", all, want)
		}
	}
	one := Info(english, JobInfo{ID: "7-0", Spec: spec, Tile: 2})
	if !strings.Contains(one, `**Prompt** a \*blue\* boat`) ||
		strings.Contains(one, "red") {
		t.Errorf("settings of image 2: got %q", one)
	}
}

func TestRemixOfOneImage(t *testing.T) {
	t.Parallel()
	id := func(tile int) string {
		var ids []string
		s := picture.Spec{}
		l := language.Language{}
		for _, rows := range [][]Row{plainSingleRows(l, s, "7-0", tile), singleRows(l, s, "7-0", tile, shape{})} {
			for _, b := range rows[0] {
				if b.Emoji == "✏️" {
					ids = append(ids, b.ID)
				}
			}
		}
		return strings.Join(ids, " ")
	}
	for tile, want := range map[int]string{1: "1:remix:7-0:0 1:remix:7-0:0", 2: "1:remix:7-0:2 1:remix:7-0:2"} {
		if got := id(tile); got != want {
			t.Errorf("image %d: got %q, want %q, in both forms", tile, got, want)
		}
	}
}
