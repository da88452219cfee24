//go:build cgo

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/onnx/onnxtest"
)

// demoAddon copies an add-on of the demo model to a path.
func demoAddon(t *testing.T, from, path string) {
	t.Helper()
	data := readFile(t, filepath.Join("../../render/demo/addons", from))
	if err := os.WriteFile(path, append(data, 0)[:len(data)], 0o600); err != nil {
		t.Fatal(err)
	}
}

// otherEmbedding writes an embedding that is not the demo model's.
func otherEmbedding(t *testing.T, path string) {
	t.Helper()
	data := readFile(t, "../../render/demo/addons/embeddings/kite.safetensors")
	data[len(data)-1] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	models, downloads := t.TempDir(), t.TempDir()
	word := filepath.Join(downloads, "word.safetensors")
	otherEmbedding(t, word)
	code, out, errs := call(t, "models", "import", "--models", models, word)
	placed := filepath.Join(models, "embeddings", "word.safetensors")
	if code != exitOK || !strings.Contains(out, placed+": embedding") ||
		!bytes.Equal(readFile(t, placed), readFile(t, word)) {
		t.Errorf("got %d, %q, %q, want it in %s", code, out, errs, placed)
	}
	if code, out, errs = call(t, "models", "import", "--models", models, word); code != exitFailure ||
		!strings.Contains(errs, "here already") {
		t.Errorf("a second time: got %d, %q, %q", code, out, errs)
	}
	code, out, _ = call(t, "models", "check", "--models", models, "word")
	if code != exitOK || !strings.Contains(out, "word: good") {
		t.Errorf("check: got %d, %q", code, out)
	}
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	downloads := t.TempDir()
	damaged := filepath.Join(downloads, "damaged.safetensors")
	otherEmbedding(t, damaged)
	if err := os.Truncate(damaged, 1000); err != nil {
		t.Fatal(err)
	}
	demoAddon(t, "lora/stained-glass.safetensors", filepath.Join(downloads, "twin.safetensors"))
	demoAddon(t, "embeddings/kite.safetensors", filepath.Join(downloads, "kite.safetensors"))
	if err := os.WriteFile(filepath.Join(downloads, "old.ckpt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, as, want string }{
		{"damaged.safetensors", "", "damaged.safetensors"},
		{"twin.safetensors", "", "here already, as"},
		{"kite.safetensors", "lora", "is no LoRA"},
		{"old.ckpt", "", "a pickle"},
		{"old.ckpt", "checkpoint", "old.ckpt"},
		{"none.safetensors", "", "no such file"},
	} {
		models := t.TempDir()
		code, out, errs := call(t, "models", "import", "--models", models, "--as="+c.as, filepath.Join(downloads, c.name))
		left, err := os.ReadDir(models)
		if code != exitFailure || !strings.Contains(errs, c.want) || err != nil || len(left) > 0 {
			t.Errorf("%s as %q: got %d, %q, %q and %v, want a refusal with %q and nothing placed",
				c.name, c.as, code, out, errs, left, c.want)
		}
	}
}

func TestRemoveAsks(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]bool{"": false, "n\n": false, "\n": false, "y\n": true, "Yes\n": true} {
		models := t.TempDir()
		path := filepath.Join(models, "embeddings", "word.safetensors")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		otherEmbedding(t, path)
		var out, errs bytes.Buffer
		code := run(t.Context(), environment{
			args: []string{"models", "remove", "word", "--models", models}, getenv: func(string) string { return "" },
			stdin: strings.NewReader(answer), stdout: &out, stderr: &errs,
		})
		_, err := os.Stat(path)
		if gone := err != nil; gone != want || (code == exitOK) != want || !strings.Contains(out.String(), path) {
			t.Errorf("%q: got %d, %q, %q and gone %v, want %v", answer, code, &out, &errs, gone, want)
		}
	}
}

func TestRemoveWithYes(t *testing.T) {
	t.Parallel()
	models := t.TempDir()
	for _, path := range []string{"embeddings/a.safetensors", "loras/a.safetensors", "b.safetensors"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(models, path)), 0o700); err != nil {
			t.Fatal(err)
		}
		otherEmbedding(t, filepath.Join(models, path))
	}
	remove := func(args ...string) (int, string) {
		code, _, errs := call(t, append([]string{"models", "remove", "--yes", "--models", models}, args...)...)
		return code, errs
	}
	if code, errs := remove("a"); code != exitFailure || !strings.Contains(errs, "give the path") {
		t.Errorf("two of a name: got %d, %q", code, errs)
	}
	if code, errs := remove("postcards"); code != exitFailure || !strings.Contains(errs, "built in, it cannot be") {
		t.Errorf("what is built in: got %d, %q", code, errs)
	}
	for _, args := range [][]string{{"a", "--as", "lora"}, {filepath.Join(models, "embeddings/a.safetensors")}, {"b"}} {
		if code, errs := remove(args...); code != exitOK {
			t.Errorf("%q: got %d, %q", args, code, errs)
		}
	}
}

func TestListAsJSON(t *testing.T) {
	t.Parallel()
	code, out, errs := call(t, "models", "list", "--json", "--models", t.TempDir())
	if code != exitOK {
		t.Fatal(errs)
	}
	kinds := map[string]string{}
	for line := range strings.Lines(out) {
		var e struct {
			Kind, Name, Hash string
			Bytes, Needs     int64
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || len(e.Hash) != 64 || e.Bytes == 0 ||
			(e.Kind == "folder") != (e.Needs > 0) {
			t.Errorf("got %s, %v", line, err)
		}
		kinds[e.Name] = e.Kind
	}
	if kinds["postcards"] != "folder" || kinds["kite"] != "embedding" || kinds["stained-glass"] != "lora" {
		t.Errorf("got %v, want the demo model and its add-ons", kinds)
	}
}

// TestFindsTheNamesOfTheList: what the list shows is what remove and check know, in any case.
func TestFindsTheNamesOfTheList(t *testing.T) {
	t.Parallel()
	models := t.TempDir()
	onnxtest.WriteFile(t, goldenModel(t, models, "little", `"_class_name":"DDIMScheduler"`), "darkroom.json",
		`{"name":"Nice Boats"}`)
	path := filepath.Join(models, "embeddings", "Word.safetensors")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	otherEmbedding(t, path)
	remove := func(name string) (int, string, string) {
		return call(t, "models", "remove", "--models", models, name) // without an answer nothing is deleted
	}
	for name, want := range map[string]string{
		"Nice Boats": "little", "nice boats": "little", "little": "little", "word": "Word.safetensors",
		"WORD.safetensors": "Word.safetensors", "embeddings/Word.safetensors": "Word.safetensors",
	} {
		_, out, errs := remove(name)
		if !strings.Contains(out, want+"\n") || !strings.Contains(errs, "nothing was deleted") {
			t.Errorf("remove %q: got %q, %q, want %s", name, out, errs, want)
		}
	}
	for _, name := range []string{"postcards", "Kite"} {
		if _, _, errs := remove(name); !strings.Contains(errs, "built in, it cannot be removed") {
			t.Errorf("remove %q: got %q", name, errs)
		}
	}
	if code, out, errs := call(t, "models", "check", "--models", models, "word"); code != exitOK ||
		!strings.Contains(out, "Word: good") {
		t.Errorf("check: got %d, %q, %q", code, out, errs)
	}
	needRuntime(t)
	if code, out, errs := call(t, "models", "check", "--models", models, "nice boats"); code != exitOK ||
		!strings.Contains(out, "Nice Boats: good") {
		t.Errorf("check: got %d, %q, %q", code, out, errs)
	}
}
