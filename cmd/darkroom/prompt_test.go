package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/golden/goldentest"
	"darkroom/render/picture"
	"darkroom/render/prompt"
)

func TestPrompt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"json is A1111's list": {[]string{"a (red:1.5) [boat]", "--json"},
			`[["a ",1],["red",1.5],[" ",1],["boat",0.9090909090909091]]` + "\n"},
		"a break stands by itself":      {[]string{"sea BREAK sky", "--json"}, `[["sea",1],["BREAK",-1],["sky",1]]` + "\n"},
		"an open bracket is no fault":   {[]string{"((a", "--json"}, `[["a",1.2100000000000002]]` + "\n"},
		"an empty prompt is understood": {[]string{"", "--json"}, `[["",1]]` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := call(t, append([]string{"prompt"}, c.args...)...)
			if code != exitOK || stdout != c.want || stderr != "" {
				t.Errorf("got %d, %q and %q, want %q", code, stdout, stderr, c.want)
			}
		})
	}
	t.Run("for people it is a table with the model's chunks", func(t *testing.T) {
		t.Parallel()
		code, stdout, stderr := call(t, "prompt", "(red:1.5) boat BREAK sea <lora:ink:0.8>", "--model", sourceDemo)
		for _, want := range []string{`    1.5  "red"`, "BREAK", "add-on   lora ink 0.8", "chunk 1  2 of 75 tokens",
			"chunk 2  1 of 75 tokens"} {
			if code != exitOK || !strings.Contains(stdout, want) {
				t.Errorf("got %d and %q, %q, want it to have %q", code, stdout, stderr, want)
			}
		}
	})
	t.Run("add-ons are shown with what their tags say", func(t *testing.T) {
		t.Parallel()
		const tags = "a <lora:ink:te=0.5:unet=1:dyn=4> <hypernet:fog> <vae:clear> <other:x> <lora:oil:much>"
		code, stdout, stderr := call(t, "prompt", tags, "--model", sourceDemo)
		for _, want := range []string{
			"add-on   lora ink 1, text encoders 0.5\n         dyn=4 is left out\n", "add-on   hypernet fog 1\n",
			"add-on   vae clear\n", "add-on   <other:x>: unknown, so it is left out\n",
			"add-on   <lora:oil:much>: the strength \"much\" is not a number\n",
		} {
			if code != exitOK || !strings.Contains(stdout, want) {
				t.Errorf("got %d and %q, %q, want it to have %q", code, stdout, stderr, want)
			}
		}
	})
	t.Run("editing and AND are shown by the calls they divide", func(t *testing.T) {
		t.Parallel()
		code, stdout, stderr := call(t, "prompt", "[boat:(house:1.2):0.5] AND a star :0.5", "--model", sourceDemo)
		for _, want := range []string{"prompt ×1, calls 1 to 11 of 20", `"boat"`, "prompt ×1, calls 12 to 20 of 20",
			`    1.2  "house"`, "prompt ×0.5\n"} {
			if code != exitOK || !strings.Contains(stdout, want) {
				t.Errorf("got %d and %q, %q, want it to have %q", code, stdout, stderr, want)
			}
		}
	})
	t.Run("flags and comments are no words of the prompt", func(t *testing.T) {
		t.Parallel()
		code, stdout, stderr := call(
			t, "prompt", "a red boat --ar 3:2 --chaos 5 --no fog --seed many # a draft", "--model", sourceDemo,
		)
		for _, want := range []string{
			`"a red boat"` + "\n", "flag     --ar 3:2\n", "flag     --no fog\n", "flag     --chaos 5: unknown",
			"flag     --seed many: `--seed many` was ignored", `comment  "# a draft"`,
		} {
			if code != exitOK || !strings.Contains(stdout, want) {
				t.Errorf("got %d and %q, %q, want it to have %q", code, stdout, stderr, want)
			}
		}
		if strings.Contains(stderr, "never saw") {
			t.Errorf("got %q, want no flag among the unknown words", stderr)
		}
	})
	t.Run("Midjourney's weights are shown as shares", func(t *testing.T) {
		t.Parallel()
		code, stdout, stderr := call(t, "prompt", "boat::2 star", "--model", sourceDemo)
		for _, want := range []string{"notation Midjourney's", "prompt ×0.6667", `"boat"`, "prompt ×0.3333"} {
			if code != exitOK || !strings.Contains(stdout, want) {
				t.Errorf("got %d and %q, %q, want it to have %q", code, stdout, stderr, want)
			}
		}
		if _, stdout, _ := call(t, "prompt", "boat::2 star", "--notation", "a1111", "--model",
			sourceDemo); !strings.Contains(stdout, `"boat::2 star"`) {
			t.Errorf("as A1111 reads it: got %q, want the colons in the text", stdout)
		}
		if code, _, stderr := call(t, "prompt", "boat:: star::-1", "--model", sourceDemo); code != exitFailure ||
			!strings.Contains(stderr, "add up to 0") {
			t.Errorf("weights that leave nothing: got %d and %q", code, stderr)
		}
	})
	t.Run("what is open is settled by the seed", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "ships.txt"), []byte("boat\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		show := func(seed string) string {
			code, stdout, stderr := call(t, "prompt", "{red, blue} __ships__ {a|b|c|d}", "--seed", seed, "--wildcards", dir,
				"--model", sourceDemo)
			if code != exitOK || !strings.Contains(stdout, `prompt 1 of 2: "red boat `) ||
				!strings.Contains(stdout, `prompt 2 of 2: "blue boat `) {
				t.Fatalf("got %d, %q and %q, want two prompts", code, stdout, stderr)
			}
			return stdout
		}
		if first, again := show("1"), show("1"); first != again {
			t.Errorf("the same seed chose %q, then %q", first, again)
		}
		code, stdout, stderr := call(t, "prompt", "__shps__", "--wildcards", dir, "--model", sourceDemo)
		if code != exitFailure || stdout != "" || strings.Count(stderr, "\n") != 1 ||
			!strings.Contains(stderr, "unknown wildcard shps") || !strings.Contains(stderr, "__ships__") {
			t.Errorf("an unknown wildcard: got %d, %q and %q, want one line with what there is", code, stdout, stderr)
		}
	})
	t.Run("what a model has no room for is told", func(t *testing.T) {
		t.Parallel()
		narrow := promptReader{name: "narrow", dir: sourceDemo, maxChunks: 1}
		var hints, out strings.Builder
		if err := hint(&hints, narrow, "red BREAK boat", "house"); err != nil || strings.Count(hints.String(), "\n") != 1 ||
			!strings.Contains(hints.String(), `the model narrow reads 1 of the 2 chunks of "red BREAK boat"`) {
			t.Errorf("got %q and %v, want one hint about the prompt", &hints, err)
		}
		shown := table{w: &out}
		if err := shown.chunks(narrow, prompt.Current.Parse("red BREAK boat")); err != nil ||
			strings.Count(out.String(), "left out") != 1 ||
			!strings.Contains(out.String(), "chunk 2  1 of 75 tokens (left out)") {
			t.Errorf("got %q and %v, want the second chunk marked", &out, err)
		}
	})
	t.Run("what SDXL's second text encoder reads otherwise is shown", func(t *testing.T) {
		t.Parallel()
		dir := goldentest.Model(t, goldentest.SDXL)
		for dialect, want := range map[picture.Dialect]string{
			picture.Diffusers: "chunk 1  2 of 75 tokens: 588 256\n         2 for the second text encoder: 588 0\n",
			picture.A1111:     "chunk 1  2 of 75 tokens: 588 256\n",
		} {
			var out strings.Builder
			shown := table{w: &out}
			if err := shown.chunks(promptReader{dir: dir, dialect: dialect}, prompt.Current.Parse("boat!")); err != nil ||
				out.String() != want {
				t.Errorf("%s: got %q and %v, want %q", dialect, &out, err, want)
			}
		}
		var hints strings.Builder
		if err := hint(&hints, promptReader{name: "narrow", dir: dir, maxChunks: 1}, strings.Repeat("!", 90)); err != nil ||
			!strings.Contains(hints.String(), "reads 1 of the 2 chunks") {
			t.Errorf("a prompt that is longer to the second: got %q and %v, want a hint", &hints, err)
		}
	})
	t.Run("a model that is not there is one line", func(t *testing.T) {
		t.Parallel()
		code, stdout, stderr := call(t, "prompt", "a", "--model", "/no/such/model")
		if code != exitFailure || stdout != "" || strings.Count(stderr, "\n") != 1 ||
			!strings.Contains(stderr, "/no/such/model") {
			t.Errorf("got %d, %q and %q", code, stdout, stderr)
		}
	})
}

// sourceDemo is the demo model in the source tree.
const sourceDemo = "../../render/demo/postcards"
