package message_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"darkroom/bot/language"
	"darkroom/bot/message"
	"darkroom/queue"
	"darkroom/render/phrase"
	"darkroom/render/picture"
)

var update = flag.Bool("update", false, "write the goldens of testdata/cards anew")

// onCard is the address of a job whose message is a card.
func onCard(change func(*message.Address)) message.Address {
	to := address
	to.Card, to.Flags = true, "--ar 3:2 --seed 7"
	if change != nil {
		change(&to)
	}
	return to
}

// boat is the Spec of small images.
func boat(tiles int) picture.Spec {
	return picture.Spec{
		Version: 1, Prompt: "a *red* boat", Model: picture.Ref{Name: "postcards"}, Width: 96, Height: 64, Count: tiles,
		Steps: 20, Seed: 7,
	}
}

func images(n int) message.Result {
	r := message.Result{Millis: map[string]int64{"encode": 100, "denoise": 2900, "post": 5000}}
	for i := range n {
		name := "1-0-" + string(rune('1'+i)) + ".png"
		r.Files = append(r.Files, message.File{Name: name, Data: []byte("x")})
		r.Made = append(r.Made, queue.File{Name: name, Width: 96, Height: 64})
	}
	return r
}

// cards are a message of each state.
func cards() map[string]message.Message {
	to, spec := onCard(nil), boat(4)
	preview := []message.File{{Name: "preview.png", Description: message.PreviewDescription(language.Language{})}}
	used := images(4)
	used.Files, used.Used = nil, func(id string) bool { return id == "1:single:1-0:2" || id == "1:vary:1-0:4" }
	blue := message.Finished(to, spec, "1-0", used)
	for i, f := range used.Made {
		kept := message.Kept{ID: string(rune('1' + i)), Name: f.Name, Description: "d", Spoiler: i == 0}
		blue.Kept = append(blue.Kept, kept)
	}
	single := images(1)
	single.Tile = 2
	noted := images(2)
	noted.Made[0].Notes = []string{"“ink”: 12 of 200 *weights* fit nothing."}
	covered := onCard(func(a *message.Address) { a.Spoiler, a.Verb, a.Tile = true, "vary", 3 })
	eta := message.QueueStatus{Position: 2, ETA: time.Unix(1_800_000_000, 0)}
	return map[string]message.Message{
		"waiting":   message.Waiting(to, spec, "1-0", eta),
		"paused":    message.Waiting(to, spec, "1-0", message.QueueStatus{Position: 2, Paused: true, Reason: "night"}),
		"rendering": message.Rendering(to, spec, "1-0", 45, preview),
		"done":      message.Finished(covered, spec, "1-0", images(4)),
		"noted":     message.Finished(to, boat(2), "1-0", noted),
		"used":      blue,
		"single":    message.Finished(to, spec.Tile(1), "1-0", single),
		"failed":    message.Failed(to, spec, "1-0", "the start image is damaged."),
		"cancelled": message.Cancelled(to, spec, "1-0"),
		"reoffer":   message.Reoffer(to, spec, "1-0"),
		"inbox":     message.InInbox(to, spec),
	}
}

func TestCards(t *testing.T) {
	t.Parallel()
	for name, m := range cards() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := json.MarshalIndent(m.Payload(), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", "cards", name+".json")
			if *update {
				if err := os.WriteFile(file, append(got, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || string(got) != strings.TrimSpace(string(want)) {
				t.Errorf("got %s\nwant %s, %v", got, want, err)
			}
		})
	}
}

// size counts the components of a card and the characters of their texts.
func size(t *testing.T, m message.Message) (components, text int) {
	t.Helper()
	data, err := json.Marshal(m.Payload())
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	var walk func(node map[string]any)
	walk = func(node map[string]any) {
		components++
		if s, ok := node["content"].(string); ok {
			text += utf8.RuneCountInString(s)
		}
		list, _ := node["components"].([]any)
		if one, ok := node["accessory"]; ok {
			list = append(list, one)
		}
		for _, child := range list {
			walk(child.(map[string]any))
		}
	}
	for _, c := range tree["components"].([]any) {
		walk(c.(map[string]any))
	}
	if tree["content"] != nil || tree["flags"] != float64(1<<15) {
		t.Errorf("got content %v and flags %v, want none and 32768", tree["content"], tree["flags"])
	}
	return components, text
}

func TestCardsKeepDiscordsLimits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("*boat* ", 1500)
	spec := picture.Spec{Version: 1, Prompt: long, Width: 128, Height: 96, Count: 4, Seed: 7}
	to := onCard(func(a *message.Address) { a.Flags = "--no " + long })
	spec.Model.Name = strings.Repeat("*m*", 40)
	noted := images(4)
	for i := range noted.Made {
		noted.Made[i].Notes = []string{long, long, long}
	}
	paused := message.QueueStatus{Position: 3, Paused: true, Reason: long, MovedBack: phrase.Of("Others came first.")}
	alone := images(1)
	alone.Tile = 4
	for name, m := range map[string]message.Message{
		"waiting":   message.Waiting(to, spec, "1-0", paused),
		"rendering": message.Rendering(to, spec, "1-0", 45, nil),
		"done":      message.Finished(to, spec, "1-0", noted),
		"single":    message.Finished(to, spec.Tile(3), "1-0", alone),
		"failed":    message.Failed(to, spec, "1-0", long[:600]),
		"cancelled": message.Cancelled(to, spec, "1-0"),
	} {
		components, text := size(t, m)
		if components > 40 || text > message.MaxCardText {
			t.Errorf("%s: got %d components and %d characters, want at most 40 and %d",
				name, components, text, message.MaxCardText)
		}
		if text < message.MaxCardText-2 {
			t.Errorf("%s: got %d characters, want the room used for the prompt", name, text)
		}
		for _, want := range []string{"…", "<@77>", `\-\-no`} {
			if !strings.Contains(m.Content, want) {
				t.Errorf("%s: got %q; want the prompt cut, the flags and who asked", name, m.Content)
			}
		}
	}
}

func TestCardsShowOnlyTheirOwnFiles(t *testing.T) {
	t.Parallel()
	for name, m := range cards() {
		data, err := json.Marshal(m.Payload())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "http") {
			t.Errorf("%s: got %s, want no link", name, data)
		}
	}
}
