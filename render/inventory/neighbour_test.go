package inventory

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestReadNotes(t *testing.T) {
	t.Parallel()
	const civitai = `{"trainedWords":["glass, lead","light"],"model":{"name":"x","type":"LORA",
		"nsfw":true},"files":[
		{"name":"other.safetensors","hashes":{"SHA256":"FF"}},{"name":"a.safetensors","hashes":{"SHA256":"AB"}}]}`
	for name, c := range map[string]struct {
		card, info string
		want       Notes
	}{
		"none":    {"", "", Notes{}},
		"Civitai": {"", civitai, Notes{Triggers: []string{"glass", "lead", "light"}, NSFW: true, SHA256: "ab"}},
		"A1111's user metadata": {
			`{"description":"d","notes":"n","activation text":"stained glass,  church ","preferred weight":0.7}`,
			"", Notes{Triggers: []string{"stained glass", "church"}, Strength: 0.7},
		},
		"the operator is right": {
			`{"nsfw":false,"activation text":"mine"}`, civitai,
			Notes{Triggers: []string{"mine"}, SHA256: "ab"},
		},
		"a byte order mark": {"\ufeff{\"nsfw\":true}", "", Notes{NSFW: true}},
		"no trained words":  {`{"activation text":" ,\n,"}`, `{"trainedWords":[]}`, Notes{}},
	} {
		dir := t.TempDir()
		for suffix, text := range map[string]string{cardSuffix: c.card, civitaiSuffix: c.info} {
			if text != "" {
				writeText(t, filepath.Join(dir, "a"+suffix), text)
			}
		}
		n, err := ReadNotes(filepath.Join(dir, "a.safetensors"))
		if err != nil || !slices.Equal(n.Triggers, c.want.Triggers) || n.NSFW != c.want.NSFW ||
			n.Strength != c.want.Strength || n.SHA256 != c.want.SHA256 {
			t.Errorf("%s: got %+v, %v, want %+v", name, n, err, c.want)
		}
	}
}

func TestReadNotesOfACard(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeText(t, filepath.Join(dir, "a.json"), `{"name":"Harbour XL","defaults":{"steps":7},"hash":"ff","samplers":["x"]}`)
	n, err := ReadNotes(filepath.Join(dir, "a.safetensors"))
	c := n.Card
	if err != nil || c.Name != "Harbour XL" || c.Defaults.Steps != 7 || c.Hash != "" || c.Samplers != nil {
		t.Errorf("got %+v, %v, want what a maker may write of a card, and no more", n.Card, err)
	}
}

func TestReadNotesThatAreBroken(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no JSON": "hello", "another type": `{"activation text":5}`,
		"too long": `{"notes":"` + strings.Repeat("x", maxNotes) + `"}`,
	} {
		dir := t.TempDir()
		writeText(t, filepath.Join(dir, "a.json"), text)
		writeText(t, filepath.Join(dir, "a.civitai.info"), `{"trainedWords":["pony"]}`)
		if n, err := ReadNotes(filepath.Join(dir, "a.pt")); err == nil || !strings.Contains(err.Error(), "a.json") ||
			!slices.Equal(n.Triggers, []string{"pony"}) {
			t.Errorf("%s: got %+v, %v, want an error that names the file, and the rest", name, n, err)
		}
	}
}

func TestTriggersAreBounded(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("a\x00b,", 20) + strings.Repeat("x", 200)
	if got := cleanTriggers([]string{strings.Repeat("y", 200), many}); len(got) != maxTriggers || got[0] != "a b" {
		t.Errorf("got %q, want %d short words", got, maxTriggers)
	}
}
