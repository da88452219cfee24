package bot_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"darkroom/bot/button"
	"darkroom/bot/language"
	"darkroom/bot/sandbox"
)

// pseudo is a language of Discord that nobody speaks here: its catalogue has each English sentence in brackets.
const pseudo = "ko"

// loadPseudo loads it. Nobody else's answers change by that.
func loadPseudo(t *testing.T) {
	t.Helper()
	list, err := language.Export(pseudo)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]any{}
	if err := json.Unmarshal(list, &texts); err != nil {
		t.Fatal(err)
	}
	for english, empty := range texts {
		texts[english] = "⟦" + english + "⟧"
		if _, counted := empty.(map[string]any); counted {
			texts[english] = map[string]string{"other": "⟦" + english + "⟧"}
		}
	}
	data, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, pseudo+".json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := language.Load(dir); err != nil {
		t.Fatal(err)
	}
}

// innermost matches a sentence in brackets without others in it.
var innermost = regexp.MustCompile(`⟦[^⟦⟧]*⟧`)

// data matches what may stand outside of sentences: mentions, links, moments, commands, ids, code, and what people and
// models are called.
var data = regexp.MustCompile("<[^>]*>|`[^`]*`|https?://\\S+|\\d{4}-\\d\\d-\\d\\d [0-9:]+ UTC|/\\w+|\\d+-\\d+|" +
	`\b[UV]\d|\b(a|an|on|red|blue|boat|sea|star|postcards|mine|steps|DDIM)\b|--\w+`)

var letters = regexp.MustCompile(`\p{L}{2,}`)

// outside is what of a text is in no sentence and no data.
func outside(text string) string {
	for was := ""; was != text; {
		was, text = text, innermost.ReplaceAllString(text, "")
	}
	text = data.ReplaceAllString(text, "")
	if !letters.MatchString(text) {
		return ""
	}
	return strings.TrimSpace(text)
}

// TestNothingIsOutsideOfLanguages walks through commands, buttons, forms and refusals in a pseudo language. Whatever a
// person reads is a sentence of that language, or their own.
func TestNothingIsOutsideOfLanguages(t *testing.T) {
	loadPseudo(t)
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	h.startRenderer()
	h.waitReady()
	me := h.defaults.Member.ID
	h.sandbox.SetLocale(me, pseudo)
	h.sandbox.SetLocale(h.defaults.Moderator.ID, pseudo)
	for _, name := range []string{
		"queue", "info", "help", "inbox", "cancel", "preset list", "prefer show", "mydata erase", "mydata export",
		"limits show",
	} {
		h.walk(name)
	}
	h.walk("show", sandbox.With("image", "nothing at all"))
	h.walk("preset save", sandbox.With("name", "mine"), sandbox.With("steps", 4))
	h.walk("imagine", sandbox.With("prompt", "a red boat --sampler nonsense"))
	h.walk("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("size", "1"))
	h.walk("imagine", sandbox.With("prompt", "a {red, blue} {boat, sea}"))
	first := h.command("imagine", sandbox.With("prompt", "a red boat"))
	grid := h.waitPictures(first, 4)
	job := first.ID + "-0"
	for _, id := range []button.ID{
		{Verb: button.More, Job: job}, {Verb: button.Remix, Job: job}, {Verb: button.Single, Job: job, Tile: 2},
	} {
		if _, err := h.sandbox.WaitAnswer(h.ctx, h.click(me, grid.ID, id.String()).ID); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"Image info", "Upscale"} {
		if _, err := h.sandbox.WaitAnswer(h.ctx, h.onMessage(me, grid.ID, name).ID); err != nil {
			t.Fatal(err)
		}
	}
	h.pollUntil("the answers to be sent", func() bool { return len(h.sandbox.Rules().Requests()) > 25 })
	read := 0
	for _, r := range h.sandbox.Rules().Requests() {
		if strings.HasSuffix(r.Path, "/commands") {
			continue
		}
		var body any
		if json.Unmarshal(r.Body, &body) == nil {
			visible(body, func(text string) {
				read++
				if left := outside(text); left != "" {
					t.Errorf("%s: %q is in no sentence, of %q", r.Path[:min(len(r.Path), 30)], left, text)
				}
			})
		}
	}
	if read < 60 {
		t.Errorf("read %d texts, too few for such a walk", read)
	}
}

// walk runs a command and waits for its answer. A moderator runs what is for moderators.
func (h *cluster) walk(name string, options ...sandbox.Option) {
	h.t.Helper()
	user := h.defaults.Member.ID
	if strings.HasPrefix(name, "limits") {
		user = h.defaults.Moderator.ID
	}
	i := h.commandAs(user, h.defaults.Channel.ID, name, options...)
	if _, err := h.sandbox.WaitAnswer(h.ctx, i.ID); err != nil {
		h.t.Fatalf("%s: %v", name, err)
	}
}

// visible calls read for each text of a message or form that people see.
func visible(part any, read func(text string)) {
	switch v := part.(type) {
	case []any:
		for _, one := range v {
			visible(one, read)
		}
	case map[string]any:
		for key, value := range v {
			text, isText := value.(string)
			switch key {
			case "content", "label", "placeholder", "title", "description":
				if isText {
					read(text)
				}
			case "filename", "custom_id", "value", "name":
			default:
				visible(value, read)
			}
		}
	}
}
