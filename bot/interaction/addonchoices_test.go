package interaction

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"darkroom/bot/command"
	"darkroom/bot/message"
	"darkroom/render/picture"
	"darkroom/render/request"
	"darkroom/store"
)

func hashOf(digits string) string { return digits + strings.Repeat("0", 64-len(digits)) }

// offered is a catalog of two models and some add-ons.
func offered() request.Available {
	a := request.Available{Models: []request.Card{
		{Name: "photo", Hash: hashOf("a1"), Family: "Stable Diffusion 1", Samplers: []string{"ddim"}},
		{Name: "xl", Hash: hashOf("a2"), Family: "SDXL", Samplers: []string{"euler"}, Description: "Large."},
		{Name: "XL", Hash: hashOf("a3"), Family: "SDXL", Samplers: []string{"euler"}},
	}}
	a.Addons = []request.AddonCard{
		{Kind: picture.LoRA, Name: "ink", Hash: hashOf("b1"), Triggers: []string{"ink drawing", "brush"}, Strength: 0.7},
		{Kind: picture.LoRA, Name: "Black ink", Hash: hashOf("b2")},
		{Kind: picture.LoRA, Name: "oil", Alias: "inky oil", Hash: hashOf("b3"), Families: []string{"SDXL"}},
		{Kind: picture.LoRA, Name: "bare", Hash: hashOf("b4"), NSFW: true},
		{Kind: picture.Hypernet, Name: "fog", Hash: hashOf("b5")},
		{Kind: picture.Embedding, Name: "kite", Hash: hashOf("b6")},
		{Kind: picture.VAE, Name: "clear", Hash: hashOf("b7")},
		{Kind: picture.LoRA, Name: strings.Repeat("long ", 30), Hash: hashOf("b8c9d0e1f2a3b4c5")},
	}
	return a
}

// offering is a catalog that does not change.
type offering struct {
	catalog
	available request.Available
}

// Available returns what there is.
func (o offering) Available() request.Available { return o.available }

// jobsOf has the jobs of one person.
type jobsOf struct {
	completionStore
	waiting, ended []store.Job
	settings       store.Settings
	styles         map[string]string // their options by their names
	err            error
}

// FindPreset finds a style.
func (s jobsOf) FindPreset(_ context.Context, _, _, name string) (store.Preset, error) {
	if options, known := s.styles[name]; known {
		return store.Preset{Name: name, Body: json.RawMessage(options)}, nil
	}
	return store.Preset{}, store.ErrNotFound
}

// Settings are what counts where a request does not say it.
func (s jobsOf) Settings(context.Context, string, string) (store.Settings, error) {
	return s.settings, s.err
}

// Unfinished lists those that wait.
func (s jobsOf) Unfinished(context.Context, string) ([]store.Job, error) { return s.waiting, s.err }

// RecentlyEnded lists those that ended.
func (s jobsOf) RecentlyEnded(context.Context, string, int) ([]store.Job, error) {
	return s.ended, s.err
}

// jobWith is a job with an add-on.
func jobWith(t testing.TB, hash string) store.Job {
	t.Helper()
	spec, err := json.Marshal(picture.Spec{
		Version: 2, Dialect: picture.Diffusers, Notation: picture.NotationA1111, Model: picture.Ref{Hash: hashOf("a3")},
		Width: 64, Height: 64, Count: 1, Steps: 1, Sampler: "ddim",
		Addons: []picture.Addon{{Kind: picture.LoRA, Hash: hash, Strength: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return store.Job{ID: "1-0", Spec: spec, Address: json.RawMessage(`{}`)}
}

// suggest lists what is suggested for an option.
func suggest(
	t *testing.T, db completionStore, option, typed string, more map[string]string, nsfw bool,
) []message.Choice {
	t.Helper()
	options := map[string]string{option: typed}
	maps.Copy(options, more)
	a := autocompletion{catalog: offering{available: offered()}, db: db}
	choices, err := a.choices(t.Context(), &responder{req: command.Request{
		FocusedOption: option, Options: options, Place: command.Place{AgeRestricted: nsfw},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return choices
}

func names(choices []message.Choice) (all []string) {
	for _, c := range choices {
		all = append(all, strings.TrimSpace(c.Name))
	}
	return all
}

func TestAddonChoices(t *testing.T) {
	t.Parallel()
	none := jobsOf{}
	xl := map[string]string{"model": "xl"}
	for _, c := range []struct {
		option, typed string
		more          map[string]string
		nsfw          bool
		want          []string
	}{
		{"lora", "ink", nil, false, []string{"ink ×0.7 · ink drawing, brush", "Black ink ×1"}},
		{"lora2", "INK", nil, false, []string{"ink ×0.7 · ink drawing, brush", "Black ink ×1"}},
		{"lora", "ink:0.5", nil, false, []string{"ink ×0.5 · ink drawing, brush", "Black ink ×0.5"}},
		{"lora", "ink:0.5:1", nil, false, []string{"ink ×0.5/1 · ink drawing, brush", "Black ink ×0.5/1"}},
		{"lora", "ink:", nil, false, []string{"ink ×0.7 · ink drawing, brush", "Black ink ×1"}},
		{"lora", "brush", nil, false, []string{"ink ×0.7 · ink drawing, brush"}},
		{"lora3", "inky", xl, false, []string{"oil ×1"}},
		{"lora", "oil", nil, false, nil},
		{"lora", "bare", nil, false, nil},
		{"lora", "bare", nil, true, []string{"bare ×1"}},
		{"lora", "fog", nil, false, []string{"fog (hypernetwork) ×1"}},
		{"lora", "kite", nil, false, nil},
		{"vae", "", nil, false, []string{"clear"}},
		{"model", "", nil, false, []string{"photo · Stable Diffusion 1", "XL · SDXL", "xl · SDXL · Large."}},
		{"model", "sdxl", nil, false, []string{"XL · SDXL", "xl · SDXL · Large."}},
		{"model", "xl@a2", nil, false, []string{"XL · SDXL", "xl · SDXL · Large."}},
		{"sampler", "", xl, false, []string{"Euler"}},
		{"sampler", "", nil, false, []string{"DDIM"}},
		{"other", "", nil, false, nil},
	} {
		if got := names(suggest(t, none, c.option, c.typed, c.more, c.nsfw)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %q: got %q, want %q", c.option, c.typed, got, c.want)
		}
	}
}

// TestChoicesFitThePreferredModel: what is suggested fits the model that a request would get which names none.
func TestChoicesFitThePreferredModel(t *testing.T) {
	t.Parallel()
	var db jobsOf
	db.settings.Server.Options = map[string]string{"model": "xl"}
	for option, want := range map[string]string{"lora": "oil ×1", "sampler": "Euler"} {
		typed := map[string]string{"lora": "oil"}[option]
		if got := names(suggest(t, db, option, typed, nil, false)); !reflect.DeepEqual(got, []string{want}) {
			t.Errorf("%s by the server's model: got %q, want %q", option, got, want)
		}
	}
	db.settings.Person.Options = map[string]string{"model": "photo"}
	if got := names(suggest(t, db, "sampler", "", nil, false)); !reflect.DeepEqual(got, []string{"DDIM"}) {
		t.Errorf("by one's own: got %q, want DDIM", got)
	}
	if got := names(suggest(t, db, "sampler", "", map[string]string{"model": "xl"}, false)); got[0] != "Euler" {
		t.Errorf("by the option: got %q, want Euler", got)
	}
	db.styles = map[string]string{"ink": `{"model":"xl"}`}
	for style, want := range map[string]string{"ink": "Euler", "lost": "DDIM"} {
		if got := names(suggest(t, db, "sampler", "", map[string]string{"style": style}, false)); got[0] != want {
			t.Errorf("by the style %s: got %q, want %s", style, got, want)
		}
	}
}

// TestChoicesMeanWhatTheyShow: each value asks for the file that was shown, and Discord takes it.
func TestChoicesMeanWhatTheyShow(t *testing.T) {
	t.Parallel()
	for option, want := range map[string]int{"lora": 4, "vae": 1, "model": 3} {
		all := suggest(t, jobsOf{}, option, "", nil, false)
		if len(all) != want {
			t.Errorf("%s: got %q, want %d", option, all, want)
		}
		seen := map[string]bool{}
		for _, c := range all {
			if n := max(utf8.RuneCountInString(c.Name), utf8.RuneCountInString(c.Value)); n > message.MaxChoiceLength {
				t.Errorf("%q: %d characters, at most %d", c, n, message.MaxChoiceLength)
			}
			w := request.Wanted{Prompt: "a"}
			switch option {
			case "lora":
				w.Addons = []string{c.Value}
			case "vae":
				w.VAE = &c.Value
			default:
				w.Model = &c.Value
			}
			got, no := request.Resolve(w, offered(), 1)
			if no != nil {
				t.Errorf("%q: %v", c, no)
				continue
			}
			hash := got.Spec.Model.Hash
			if option == "lora" {
				hash = got.Spec.Addons[0].Hash
			}
			if option == "vae" {
				hash = got.Spec.VAE.Hash
			}
			if seen[hash] {
				t.Errorf("%q: its value means a file that another means", c)
			}
			seen[hash] = true
		}
	}
}

// TestRecentFirst: what a person used last comes first.
func TestRecentFirst(t *testing.T) {
	t.Parallel()
	db := jobsOf{
		waiting: []store.Job{jobWith(t, hashOf("b1")), jobWith(t, hashOf("b5"))},
		ended:   []store.Job{jobWith(t, hashOf("b8c9d0e1f2a3b4c5")), {ID: "unreadable"}},
	}
	got := names(suggest(t, db, "lora", "", nil, false))
	if want := []string{"fog (hypernetwork) ×1", "ink ×0.7 · ink drawing, brush"}; !reflect.DeepEqual(got[:2], want) ||
		!strings.HasPrefix(got[2], "long") || got[3] != "Black ink ×1" {
		t.Errorf("got %q", got)
	}
	if got := suggest(t, db, "model", "", nil, false); got[0].Name != "XL · SDXL" {
		t.Errorf("models: got %q, want the one used last first", got)
	}
	db.err = errors.New("down")
	if got := suggest(t, db, "lora", "", nil, false); len(got) != 4 {
		t.Errorf("without the database: got %q, want all the same", got)
	}
}

// BenchmarkAddonChoices suggests of 1,000 LoRAs. A person waits for it while they type.
func BenchmarkAddonChoices(b *testing.B) {
	o := offered()
	for i := range 1000 {
		o.Addons = append(o.Addons, request.AddonCard{
			Kind: picture.LoRA, Name: fmt.Sprintf("style %d by somebody", i), Hash: hashOf(fmt.Sprintf("%010d", i)),
			Triggers: []string{"a style", "by somebody", "ink drawing", "brush", "paper"},
			Families: []string{"Stable Diffusion 1"},
		})
	}
	a := autocompletion{catalog: offering{available: o}, db: jobsOf{}}
	r := &responder{req: command.Request{FocusedOption: "lora", Options: map[string]string{"lora": "style"}}}
	var slowest time.Duration
	for b.Loop() {
		began := time.Now()
		if all, err := a.choices(b.Context(), r); err != nil || len(all) < 1000 {
			b.Fatal(len(all), err)
		}
		slowest = max(slowest, time.Since(began))
	}
	b.ReportMetric(float64(slowest.Milliseconds()), "slowest-ms")
}
