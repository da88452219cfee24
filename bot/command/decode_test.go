package command_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"darkroom/bot/command"
	"darkroom/render/request"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func readFixture(t testing.TB, name string) json.RawMessage {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decode(t *testing.T, name string) command.Request {
	t.Helper()
	req, err := command.Decode(readFixture(t, name))
	if err != nil {
		t.Fatalf("decode %s: %v", name, err)
	}
	return req
}

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

func TestDecodeImagine(t *testing.T) {
	t.Parallel()
	t.Run("in a server every option is read", func(t *testing.T) {
		t.Parallel()
		req := decode(t, "imagine_guild")
		want(t, "verb", req.Verb, "imagine")
		want(t, "token", req.Token, "aW50ZXJhY3Rpb246dG9rZW4")
		want(t, "place", req.Place, command.Place{
			Kind: "guild", Guild: "290926798626357999", Channel: "645027906669510667", AgeRestricted: true,
			BotPermissions: 2251799813777408, FileLimit: 52428800, Locale: "en-US",
		})
		want(t, "person", req.Person, command.Person{
			ID: "80351110224678912", Name: "Nel", Roles: []string{"539082325061836999", "539082325061836998"},
			Permissions: 562949953601535, Locale: "de",
		})
		want(t, "wanted", req.Wanted, request.Wanted{
			Prompt: "a red boat --ar 3:2", Negative: new("fog"), Aspect: new("3:2"), Size: new("160x112"),
			Seed: new(int64(9007199254740991)), Steps: new(12), GuidanceScale: new(4.5), Sampler: new("ddim"), Count: new(2),
			Strength: new(0.4), Spoiler: true, Init: &request.Attachment{
				ID: "1100000000000000001", Name: "me.png", ContentType: "image/png", Size: 12345, Width: 640, Height: 480,
				URL: "https://cdn.discordapp.com/ephemeral-attachments/1/2/me.png?ex=1&is=2&hm=3",
			},
		})
	})
	t.Run("a thread is told from its channel", func(t *testing.T) {
		t.Parallel()
		req := decode(t, "imagine_thread")
		want(t, "kind", req.Place.Kind, "thread")
		want(t, "channel", req.Place.Channel, "700000000000000001")
		want(t, "parent", req.Place.Parent, "645027906669510667")
		want(t, "wanted", req.Wanted, request.Wanted{Prompt: "ein rotes Boot"})
	})
	t.Run("in direct messages there is a user and no member", func(t *testing.T) {
		t.Parallel()
		req := decode(t, "imagine_dm")
		want(
			t, "place", req.Place,
			command.Place{Kind: "dm", Channel: "800000000000000001", BotPermissions: ^uint64(0), FileLimit: 10 << 20},
		)
		want(t, "person", req.Person, command.Person{ID: "80351110224678912", Name: "Nelly", Locale: "de"})
	})
}

func TestDecodeOthers(t *testing.T) {
	t.Parallel()
	t.Run("a button brings its message and files", func(t *testing.T) {
		t.Parallel()
		req := decode(t, "button_guild")
		want(t, "verb", req.Verb, command.Button)
		want(t, "custom id", req.Sub, "1:single:846462639134605312-0:3")
		want(t, "message", req.Message, "900000000000000001")
		want(t, "asker", req.Asker, "80351110224678912")
		want(t, "permissions", req.Person.Permissions, uint64(8192))
		want(t, "files", len(req.Files), 4)
		want(t, "name of the third", req.Files[2].Name, "846462639134605312-0-3.png")
		want(t, "ephemeral", req.Ephemeral, false)
	})
	t.Run("a button on a private message knows that it is private", func(t *testing.T) {
		t.Parallel()
		want(t, "ephemeral", decode(t, "button_ephemeral").Ephemeral, true)
	})
	t.Run("a form gives its fields, in labels or in rows", func(t *testing.T) {
		t.Parallel()
		req := decode(t, "modal_labels")
		want(t, "verb", req.Verb, command.Form)
		want(t, "fields", req.Options, map[string]string{"prompt": "a blue boat", "negative": "", "boxes": "a,b"})
		want(
			t, "fields in rows", decode(t, "modal_rows").Options, map[string]string{"prompt": "a blue boat", "negative": "fog"},
		)
	})
	t.Run("autocomplete knows the option that is typed", func(t *testing.T) {
		t.Parallel()
		req := decode(t, "autocomplete_size")
		want(t, "verb", req.Verb, command.Autocomplete)
		want(t, "command", req.Sub, "imagine")
		want(t, "focus", req.FocusedOption, "size")
		want(t, "typed", req.Options["size"], "16")
	})
	t.Run("a subcommand has its options", func(t *testing.T) {
		t.Parallel()
		req := decode(t, "limits_set")
		want(t, "verb", req.Verb+" "+req.Sub, "limits set")
		want(t, "options", req.Options, map[string]string{"waiting": "8", "paused": "true", "reason": "cleaning"})
		want(t, "show", decode(t, "limits_show").Sub, "show")
	})
	t.Run("a place that is neither server nor the bot's own messages is private", func(t *testing.T) {
		t.Parallel()
		want(t, "kind", decode(t, "queue_private").Place.Kind, "private")
	})
	t.Run("a kind of interaction from the future can still be answered", func(t *testing.T) {
		t.Parallel()
		req := decode(t, "future_type")
		want(t, "verb", req.Verb, command.Unknown)
		want(t, "id", req.ID, "846462639134605312")
	})
}

func TestDecodeBroken(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{``, `null`, `[]`, `7`, `{`, `{"id":"1"}`, `{"token":"t"}`, `{"id":"","token":""}`} {
		if _, err := command.Decode(json.RawMessage(raw)); !errors.Is(err, command.ErrUnanswerable) {
			t.Errorf("decode %q: got %v, want ErrUnanswerable", raw, err)
		}
	}
	strange := `{"id":1,"token":"t","type":"2","guild_id":{},"channel":[],"member":"x",
		"message":{"attachments":{"a":1},"flags":"y"},"app_permissions":-1,"attachment_size_limit":"lots",
		"data":{"name":"imagine","options":[1,null,{"name":"prompt","value":{"a":1}},
		{"name":"steps","value":"many"},{"name":"count","value":1e300},{"name":"strength","value":"NaN"}]}}`
	req, err := command.Decode(json.RawMessage(strange))
	if err != nil {
		t.Fatalf("decode an interaction with fields of other kinds: %v", err)
	}
	want(t, "verb", req.Verb, "imagine")
	want(t, "file limit", req.Place.FileLimit, int64(command.DefaultFileLimit))
	want(t, "wanted", req.Wanted, request.Wanted{})
}

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		req, err := command.Decode(raw)
		if err == nil && (req.ID == "" || req.Token == "" || req.Place.Kind == "" || req.Place.FileLimit <= 0) {
			t.Errorf("decoded without what an answer needs: %+v", req)
		}
	})
}

// decodeImagine decodes an /imagine with these options, as JSON, and two files.
func decodeImagine(t *testing.T, options string) command.Request {
	t.Helper()
	req, err := command.Decode(json.RawMessage(`{"id":"1","token":"t","type":2,"data":{"name":"imagine","options":[` +
		options + `],"resolved":{"attachments":{
			"5":{"id":"5","filename":"me.png","url":"https://cdn/me.png","width":64,"height":48},
			"6":{"id":"6","filename":"mask.png","url":"https://cdn/mask.png","content_type":"image/png","size":99}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestDecodeNewerAndOlderOptions(t *testing.T) {
	t.Parallel()
	t.Run("a mask, a fit, a second pass, and an answer that others do not see", func(t *testing.T) {
		t.Parallel()
		req := decodeImagine(t, `{"name":"prompt","type":3,"value":"a boat"},{"name":"init_image","type":11,"value":"5"},
			{"name":"mask","type":11,"value":"6"},{"name":"fit","type":3,"value":"fill"},
			{"name":"hires","type":10,"value":1.5},{"name":"private","type":5,"value":true},
			{"name":"style","type":3,"value":" ink "}`)
		want(t, "wanted", req.Wanted, request.Wanted{
			Prompt: "a boat", Resize: new("fill"), Hires: new(1.5), Private: true,
			Init: &request.Attachment{ID: "5", Name: "me.png", URL: "https://cdn/me.png", Width: 64, Height: 48},
			Mask: &request.Attachment{
				ID: "6", Name: "mask.png", URL: "https://cdn/mask.png", ContentType: "image/png", Size: 99,
			},
		})
		want(t, "style", command.StyleName(req.Options), "ink")
	})
	t.Run("what a client still knows as options", func(t *testing.T) {
		t.Parallel()
		req := decodeImagine(t, `{"name":"prompt","type":3,"value":"a boat"},{"name":"vae","type":3,"value":"clear"},
			{"name":"tile","type":5,"value":true},{"name":"notation","type":3,"value":"midjourney"},
			{"name":"emphasis","type":3,"value":"no_norm"},{"name":"preset","type":3,"value":"post"}`)
		want(t, "wanted", req.Wanted, request.Wanted{
			Prompt: "a boat", VAE: new("clear"), Tiling: new(true), Notation: new("midjourney"), Emphasis: new("no_norm"),
		})
		want(t, "style", command.StyleName(req.Options), "post")
	})
	t.Run("no second pass for what is no number", func(t *testing.T) {
		t.Parallel()
		req := decodeImagine(t, `{"name":"hires","type":10,"value":"NaN"},{"name":"private","type":5,"value":false}`)
		want(t, "wanted", req.Wanted, request.Wanted{})
	})
}

// A preset that was saved with options of an earlier release still says what it said.
func TestPresetOfEarlierOptions(t *testing.T) {
	t.Parallel()
	stored := map[string]string{
		"words": "in oils", "vae": "clear", "tile": "true", "notation": "midjourney", "emphasis": "no_norm", "steps": "9",
		"negative_prompt": "fog", "hires": "2", "fit": "fill", "prompt": "a boat", "colour": "red",
	}
	got := command.Preset(stored)
	want(t, "preset", got, request.Preset{Words: "in oils", Settings: request.Wanted{
		Negative: new("fog"), Steps: new(9), VAE: new("clear"), Tiling: new(true), Notation: new("midjourney"),
		Emphasis: new("no_norm"), Hires: new(2.), Resize: new("fill"),
	}})
}
