package bot_test

import (
	"context"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// noRenderers is a queue in which no renderer is online, so that the stored catalog counts.
type noRenderers struct{ bot.Queue }

// Renderers lists none.
func (noRenderers) Renderers(context.Context) ([]queue.Renderer, error) { return nil, nil }

// startWithAddons starts a bot whose catalog has add-ons.
func startWithAddons(t *testing.T) *cluster {
	t.Helper()
	h := newCluster(t, sandbox.Options{})
	h.wrapQueue = func(q bot.Queue) bot.Queue { return noRenderers{q} }
	models := []request.Card{
		{Name: "postcards", Hash: modelHash, Family: "Stable Diffusion 1", Samplers: []string{"ddim"}},
		{Name: "xl", Hash: strings.Repeat("cd", 32), Family: "SDXL", Samplers: []string{"euler"}},
	}
	hash := func(digit string) string { return strings.Repeat(digit, 64) }
	offer, err := json.Marshal(request.Available{Models: models, Addons: []request.AddonCard{
		{Kind: picture.LoRA, Name: "ink", Hash: hash("1"), Short: "abcdefabcdef", Triggers: []string{"ink drawing"}},
		{Kind: picture.LoRA, Name: "bare ink", Hash: hash("2"), NSFW: true},
		{Kind: picture.LoRA, Name: "large ink", Hash: hash("3"), Families: []string{"SDXL"}},
		{Kind: picture.Embedding, Name: "kite", Hash: hash("4")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.db.SetMeta(h.ctx, "offer", string(offer)); err != nil {
		t.Fatal(err)
	}
	h.startBot()
	h.waitReady()
	return h
}

// TestAddonsInDiscord: a LoRA is found while it is typed, asked for, seen in the prompt, kept by a remix and listed.
func TestAddonsInDiscord(t *testing.T) {
	t.Parallel()
	h := startWithAddons(t)
	me, here := h.defaults.Member.ID, h.defaults.Channel.ID
	suggest := func(focus, typed string, more ...sandbox.Option) (shown, values []string) {
		t.Helper()
		options := slices.Concat(more, []sandbox.Option{sandbox.With("prompt", "a boat"), sandbox.With(focus, typed)})
		choices, err := h.sandbox.Autocomplete(h.ctx, me, here, "imagine", focus, options...)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range choices {
			value, ok := c.Value.(string)
			if !ok {
				t.Fatalf("got the value %v, want text", c.Value)
			}
			shown, values = append(shown, c.Name), append(values, value)
		}
		return shown, values
	}
	shown, values := suggest("lora", "INK:0.6")
	if !reflect.DeepEqual(shown, []string{"ink ×0.6 · ink drawing"}) {
		t.Fatalf("got %q, want what may be used here and fits the model", shown)
	}
	if shown, _ := suggest("lora2", "ink", sandbox.With("model", "xl")); len(shown) != 2 {
		t.Errorf("for the other model: got %q, want two", shown)
	}
	first := h.command("imagine", sandbox.With("prompt", "a kite --seed 3"), sandbox.With("lora", values[0]),
		sandbox.With("count", 1))
	waiting := h.waitText(first, "Waiting")
	if !strings.Contains(waiting.Text(), `a kite \<lora\:ink\:0.6\>`) {
		t.Errorf("got %q, want the LoRA in the prompt", waiting.Text())
	}
	want := []picture.Addon{
		{Kind: picture.LoRA, Name: "ink", Hash: strings.Repeat("1", 64), Strength: 0.6},
		{Kind: picture.Embedding, Name: "kite", Hash: strings.Repeat("4", 64), Strength: 1},
	}
	if got := h.spec(first); !reflect.DeepEqual(got.Addons, want) || got.Prompt != "a kite <lora:ink:0.6>" {
		t.Errorf("got %+v of %q, want %+v", got.Addons, got.Prompt, want)
	}
	h.waitText(h.command("imagine", sandbox.With("prompt", "<lora:bare ink:1> a boat")), "age-restricted channels only")
	h.waitText(h.command("imagine", sandbox.With("prompt", "<lora:large ink:1> a boat")), "is for SDXL")
	if err := h.sandbox.SetAgeRestricted(here, true); err != nil {
		t.Fatal(err)
	}
	if shown, _ := suggest("lora3", "ink"); !reflect.DeepEqual(shown, []string{"ink ×1 · ink drawing", "bare ink ×1"}) {
		t.Errorf("in an age-restricted channel: got %q, want the one used last first", shown)
	}
	h.waitText(h.command("imagine", sandbox.With("prompt", "<lora:bare ink:1> a boat")), "Waiting")
}

// TestThreadTakesTheAgeOfItsChannel: an interaction in a thread does not say whether its channel is age-restricted, so
// the bot asks, and takes no answer for a no.
func TestThreadTakesTheAgeOfItsChannel(t *testing.T) {
	t.Parallel()
	h := startWithAddons(t)
	const asked, refused, accepted = "<lora:bare ink:1> a boat", "age-restricted channels only", "Waiting"
	for name, c := range map[string]struct {
		restricted, broken bool
		want               string
	}{
		"in an ordinary channel":       {false, false, refused},
		"in an age-restricted channel": {true, false, accepted},
		"in one that Discord hides":    {true, true, refused},
	} {
		channel, err := h.sandbox.AddChannel(h.defaults.Guild.ID, "pictures")
		if err != nil {
			t.Fatal(err)
		}
		thread, err := h.sandbox.AddThread(channel.ID, "boats")
		if err != nil {
			t.Fatal(err)
		}
		if err := h.sandbox.SetAgeRestricted(channel.ID, c.restricted); err != nil {
			t.Fatal(err)
		}
		if c.broken {
			path := regexp.MustCompile("^/channels/" + channel.ID + "$")
			h.sandbox.Fail(sandbox.Fault{Method: "GET", Path: path, Status: 403, Code: 50001, Times: -1})
		}
		for range 2 { // the second time it is known
			i, err := h.sandbox.Command(h.defaults.Member.ID, thread.ID, "imagine", sandbox.With("prompt", asked))
			if err != nil {
				t.Fatal(err)
			}
			if m := h.waitText(i, c.want); m.ChannelID != thread.ID {
				t.Errorf("%s: answered in %s, want the thread", name, m.ChannelID)
			}
		}
	}
}
