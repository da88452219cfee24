package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"darkroom/bot/language"
	"darkroom/bot/message"
	"darkroom/queue"
	"darkroom/render"
	"darkroom/render/picture"
	"darkroom/render/request"
	"darkroom/store"
)

// update writes the goldens of testdata/stored anew. What they hold was stored by a released program, so a new golden
// is right only where it has more in it than the old one.
var update = flag.Bool(
	"update", false, "write the goldens of testdata/stored anew; never to accept that stored data is read otherwise",
)

// storedValues are values with every field filled of all that is kept as JSON in SQL and Redis, by where it is kept.
// picture.Spec has goldens of its own beside it; what only one package knows is tested there.
func storedValues() map[string]any {
	file := queue.File{Name: "1-0-1.png", Seed: 7, Width: 160, Height: 112, SHA256: "5a", PHash: "0f", LowMemory: true,
		Notes: []string{"Some weights fit nothing."}, PNGBytes: 13 << 20, Limit: 10 << 20, Quality: 88, Shrunk: true}
	return map[string]any{
		"jobs.reply": &message.Address{
			Application: "1", Token: "not-a-real-token", Expires: time.Date(2026, 2, 1, 12, 0, 0, 5000000, time.UTC),
			Channel: "2", Message: "@original", User: "3", Verb: "vary", Tile: 4, Spoiler: true, Ephemeral: true,
			FromImage: true, FileLimit: 10 << 20, Locale: "en-US", Card: true, Flags: "--ar 3:2 --seed 7", Draft: 20,
			Origins:  "prefer:steps,sampler settings:size",
			Language: language.Find("de"), Direct: true,
		},
		"jobs.pending": &request.InitImage{
			File: request.Attachment{
				ID: "1", Name: "me.png", URL: "https://cdn.discordapp.com/a?b&c", ContentType: "image/png", Size: 9, Width: 8,
				Height: 7,
			},
			Mask: &request.Attachment{
				ID: "2", Name: "mask.png", URL: "https://cdn.discordapp.com/b", ContentType: "image/png", Size: 6, Width: 5,
				Height: 4,
			},
			Strength: 0.4, Place: &picture.Placement{X: 1, Y: 2, Width: 3, Height: 4},
			Window: &picture.Size{Width: 5, Height: 6}, Resize: "fill",
		},
		"jobs.outcome": &queue.Outcome{
			Channel: "1", Message: "2", Delivered: "posted", Files: []queue.File{file},
			Millis: map[string]int64{"denoise": 900, "post": 1},
		},
		"audit.detail": &store.Policy{
			WaitingPerUser: 1, RunningPerUser: 2, PerUserDay: 3, MaxPixels: 4, MaxSteps: 5, MaxCount: 6, Paused: true,
			PauseReason: "loud",
		},
		"preferences.body": &store.Preferences{
			Options: map[string]string{"steps": "30"}, Suffix: "in oil", Remix: true, Language: "de", Ping: true,
		},
		"server_settings.body": &store.ServerSettings{Options: map[string]string{"steps": "30"}, Language: "de"},
		"meta.offer": &request.Available{Models: []request.Card{{
			Name: "photo", Hash: "cd", Family: "SDXL", TextWidth: 2048, Prediction: picture.PredictsVelocity, ZeroSNR: true,
			Schedule: &picture.Schedule{
				TrainSteps: 1000, BetaStart: 0.001, BetaEnd: 0.01, BetaSchedule: "linear", Spacing: "trailing", StepsOffset: 1,
				SetAlphaToOne: new(true), RungeKutta: true, OriginalSteps: 50,
			},
			Dialect: picture.A1111, Sizes: []request.Size{{Width: 160, Height: 112}},
			Samplers: []string{"euler"}, Words: request.Words{"red", "boat"}, Examples: []string{"a red boat"},
			Groups:       []request.WordGroup{{Name: "subjects", Words: []string{"boat"}}},
			ImageToImage: true, FinishesImages: true, Chunks: 3, Multiple: 32, Hires: new(false), Tiling: new(true),
			SkippableLayers: new(11),
			Upscaler:        &picture.Ref{Name: "esrgan", Hash: "ef"},
			VAE:             &picture.Ref{Name: "photo.vae", Hash: "fe"},
			Outpaint:        request.OutpaintDefaults{Strength: 0.6, GuidanceScale: 1},
			Traits: render.Traits{
				Img2ImgTakesAllSteps: true, RungeKutta: true, InpaintKeepsRungeKutta: true, Inpaint: true,
			},
			Defaults: request.Defaults{
				Size: request.Size{Width: 512, Height: 768}, Steps: 25, GuidanceScale: 6.5, Sampler: "euler", Count: 2,
				Strength: 0.3, Negative: "fog",
			},
			FewSteps: request.Defaults{
				Size: request.Size{Width: 256, Height: 128}, Steps: 4, GuidanceScale: 3, Sampler: "dpmpp_2m", Count: 1,
				Strength: 0.4, Negative: "rain",
			}, Description: "Photographs.", NSFW: true, Guess: "Turbo.",
		}}, Addons: []request.AddonCard{{
			Kind: picture.LoRA, Name: "ink", Alias: "ink-v2", Hash: "0a", Short: "0b", Families: []string{"SDXL"},
			TextWidths: []int{2048},
			Triggers:   []string{"ink drawing"}, Strength: 0.7, NSFW: true, Scale: 4, Work: 8,
		}}, Renderers: [][]string{{"cd"}, {"0a"}}, Remembered: true},
		"redis.job": &queue.Job{
			ID: "1-0", Lane: "2:cd", Server: "2", User: "3", Cost: 4, MaxRunning: 5, Spec: json.RawMessage(`{"v":2}`),
			Address: json.RawMessage(`{"token":""}`), Inputs: []string{"5a"}, MaybePosted: true, Pictures: 6, Weight: 200,
			ServerWeight: 50, BatchKey: "160x112 euler 8", WasRunning: true, Crashes: 1, Needs: []string{"0a"},
		},
		"redis.renderer": &queue.Renderer{
			Slot: "easel", Device: "cuda:0", Lanes: []queue.Lane{{Name: "2:cd", Load: 1500 * time.Millisecond}},
			Models: []queue.Model{{Name: "photo", Hash: "cd", Lane: "2:cd", Card: json.RawMessage(`{"starts":true}`)}},
			Addons: []queue.Addon{{Hash: "0a", Card: json.RawMessage(`{"kind":"lora"}`)}}, Parts: []string{"ef"},
			Speed: 150, MaxBatch: 4, CLIP: "c1", Showcase: true,
		},
		"redis.token": &queue.Token{Epoch: 1, Fence: 2},
	}
}

// TestStoredJSON holds the names that JSON has in SQL and Redis: no name in Go may change them.
func TestStoredJSON(t *testing.T) {
	t.Parallel()
	got := map[string]any{}
	for name, v := range storedValues() {
		if empty := emptyField(reflect.ValueOf(v).Elem(), name); empty != "" {
			t.Errorf("%s is not filled", empty)
		}
		if free := untagged(reflect.TypeOf(v), name, map[reflect.Type]bool{}); free != "" {
			t.Errorf("%s has no name in JSON of its own", free)
		}
		got[name] = v
	}
	for _, more := range []reflect.Type{
		reflect.TypeFor[request.Wanted](), reflect.TypeFor[picture.Spec](),
	} { // see TestStoredJSON of bot and TestGolden of picture
		if free := untagged(more, more.Name(), map[reflect.Type]bool{}); free != "" {
			t.Errorf("%s has no name in JSON of its own", free)
		}
	}
	text, err := json.MarshalIndent(got, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "stored", "json.golden.json")
	if *update {
		if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(text)+"\n" != string(want) {
		t.Errorf("JSON:\n got %s\nwant %s", text, want)
	}
	var stored map[string]json.RawMessage
	if err := json.Unmarshal(want, &stored); err != nil {
		t.Fatal(err)
	}
	for name, v := range storedValues() {
		back := reflect.New(reflect.TypeOf(v).Elem()).Interface()
		if err := json.Unmarshal(stored[name], back); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		again, err := json.Marshal(back)
		if plain, perr := json.Marshal(v); err != nil || perr != nil || string(again) != string(plain) {
			t.Errorf("%s, read and written again:\n got %s, %v\nwant %s", name, again, err, plain)
		}
	}
}

// writesItself tells whether a struct has a JSON of its own, as times have.
func writesItself(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.Implements(reflect.TypeFor[json.Marshaler]())
}

// emptyField names a field that holds nothing, "" if all are filled. A golden of a value with an empty field would
// not notice when the field's name changes.
func emptyField(v reflect.Value, path string) string {
	switch {
	case writesItself(v.Type()):
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") == "-" {
				continue // it is not stored
			}
			if empty := emptyField(v.Field(i), path+"."+v.Type().Field(i).Name); empty != "" {
				return empty
			}
		}
		return ""
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			return path
		}
		if v.Elem().Kind() == reflect.Struct {
			return emptyField(v.Elem(), path)
		}
		return ""
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			empty := emptyField(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
			if empty != "" && v.Type().Elem().Kind() == reflect.Struct {
				return empty
			}
		}
	}
	if v.IsZero() {
		return path
	}
	return ""
}

// untagged names a field whose name in JSON is its name in Go, "" if there is none: renaming it would lose what is
// stored. It looks into embedded structs, which have no name of their own.
func untagged(t reflect.Type, path string, seen map[reflect.Type]bool) string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Array:
		return untagged(t.Elem(), path, seen)
	case reflect.Struct:
	default:
		return ""
	}
	if writesItself(t) || seen[t] {
		return ""
	}
	seen[t] = true
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		at := path + "." + f.Name
		switch {
		case name == "-":
			continue
		case name == "" && !f.Anonymous:
			return at
		}
		if found := untagged(f.Type, at, seen); found != "" {
			return found
		}
	}
	return ""
}
