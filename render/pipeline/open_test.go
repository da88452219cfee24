package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/golden/goldentest"
	"darkroom/render/inventory"
)

// TestMarkedCheckpoints takes the mark of a checkpoint from Civitai's file beside it, unless its owner says otherwise.
func TestMarkedCheckpoints(t *testing.T) {
	t.Parallel()
	path := goldentest.Checkpoint(t, "sd2-v")
	stem := strings.TrimSuffix(path, ".safetensors")
	for _, c := range []struct {
		civitai, card string
		want          bool
	}{{"", "", false}, {`{"model":{"nsfw":true}}`, "", true}, {`{"model":{"nsfw":true}}`, `{"nsfw":false}`, false}} {
		for file, text := range map[string]string{stem + ".civitai.info": c.civitai, stem + ".json": c.card} {
			if text == "" {
				continue
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		item, err := inventory.At(path)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := OpenItem(item)
		if err != nil {
			t.Fatal(err)
		}
		if got := Card(opened.Model).NSFW; got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

// TestOpenVAEs: what lies in the folder vae and is none is refused, and its path is named once.
func TestOpenVAEs(t *testing.T) {
	t.Parallel()
	if _, err := OpenItem(inventory.Item{
		Kind: inventory.VAE, Path: goldentest.Checkpoint(t, goldentest.CheckpointVAE),
	}); err != nil {
		t.Errorf("a VAE: got %v", err)
	}
	dir := t.TempDir()
	for file, want := range map[string]string{
		"empty.safetensors": "the file is empty",
		"other.safetensors": "no VAE of Stable Diffusion in it",
	} {
		path := filepath.Join(dir, file)
		content := ""
		if file == "other.safetensors" {
			content = "\x02\x00\x00\x00\x00\x00\x00\x00{}"
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, kind := range []inventory.Kind{inventory.VAE, inventory.LoRA, inventory.Embedding} {
			_, err := OpenItem(inventory.Item{Kind: kind, Name: "x", Path: path})
			if err == nil || strings.Count(err.Error(), path) != 1 ||
				(kind == inventory.VAE || content == "") && !strings.Contains(err.Error(), want) {
				t.Errorf("%s as %s: got %v, want %q and the path once", file, kind, err, want)
			}
		}
	}
}
