package bot_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"darkroom/bot/sandbox"
	"darkroom/render/prompt/dynamic"
)

// TestRefusalsInTheLanguageOfWhoAsks has two people ask for the same, one with a German client.
func TestRefusalsInTheLanguageOfWhoAsks(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.wildcards = dynamic.Folder{FS: fstest.MapFS{"ships.txt": {Data: []byte("boat\n")}}}
	h.startBot()
	h.startRenderer()
	h.waitReady()
	german, english := h.sandbox.AddUser("jutta", false), h.sandbox.AddUser("jo", false)
	h.sandbox.SetLocale(german.ID, "de")
	with := sandbox.With
	for _, c := range []struct {
		options []sandbox.Option
		de, en  string
	}{
		{
			[]sandbox.Option{with("prompt", "a __shps__")},
			"Unbekannte Wildcard shps.\nMöglich sind zum Beispiel: __ships__.",
			"Unknown wildcard shps.\nTry one of: __ships__.",
		},
		{
			[]sandbox.Option{with("prompt", strings.Repeat("red boat ", 500))},
			"Prompt zu lang: 4.499 Zeichen, höchstens 4.000.\nKürze ihn und versuche es noch einmal.",
			"Prompt too long: 4,499 characters, at most 4,000.\nShorten it and try again.",
		},
		{
			[]sandbox.Option{with("prompt", "a boat <lora:a:0.x>")},
			"Das kann ich nicht lesen: <lora:a:0.x>: die Stärke \"0.x\" ist keine Zahl.\nSchreibe es als <lora:name:0.8>.",
			"I cannot read <lora:a:0.x>: the strength \"0.x\" is not a number.\nWrite it as <lora:name:0.8>.",
		},
		{
			[]sandbox.Option{with("prompt", "a boat"), with("lora", "ink")},
			"Nicht gefunden: LoRA „ink“.\n", "There is no LoRA “ink”.\n",
		},
		{
			[]sandbox.Option{with("prompt", "boat::-1")},
			"Diese Gewichte funktionieren nicht: die Gewichte hinter :: ergeben zusammen -1; die Summe muss größer als 0 sein.",
			"These weights do not work: the weights behind :: add up to -1; the sum must be greater than 0.",
		},
	} {
		for user, want := range map[string]string{german.ID: c.de, english.ID: c.en} {
			i := h.commandAs(user, h.defaults.Channel.ID, "imagine", c.options...)
			got := h.waitAnswer(i, "an answer", nil)
			if !strings.Contains(unescaped(got.Text()), want) || got.Viewer != user {
				t.Errorf("got %s, want %q for %s alone", describe(got), want, user)
			}
		}
	}

	// What was changed about a request that was accepted.
	i := h.commandAs(german.ID, h.defaults.Channel.ID, "imagine", with("prompt", "a red boat --steps many --turbo"),
		with("count", 1))
	h.waitPictures(i, 1)
	for _, note := range []string{
		"wurde ignoriert: Nötig ist eine ganze Zahl von 1 bis 10000.",
		"Unbekanntes Flag --turbo wurde ignoriert. Jeder Auftrag kommt gerecht an die Reihe.",
	} {
		h.waitNote(german.ID, h.defaults.Channel.ID, note)
	}

	// Refusals of other commands, with and without values.
	h.sandbox.SetLocale(english.ID, "de-AT")
	h.waitText(h.commandAs(english.ID, h.defaults.Channel.ID, "cancel"), "Nichts abzubrechen: Du hast keine offenen")
	unknown := h.commandAs(english.ID, h.defaults.Channel.ID, "cancel", with("job", "that one"))
	h.waitText(unknown, "Unbekannte Anfrage: that one. Wähle eine aus der Liste, die /cancel zeigt.")
}
