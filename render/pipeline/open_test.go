package pipeline

import (
	"os"
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
