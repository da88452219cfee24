package clip_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"darkroom/render/clip"
)

// TestStandard compares the built-in tokenizer with a folder's of the same vocabulary, as Stable Diffusion's models
// bring it, and with what Hugging Face's tokenizer gave for thousands of awkward strings.
func TestStandard(t *testing.T) {
	t.Parallel()
	const (
		normalized = `"bos_token":{"content":"<|startoftext|>","normalized":true},` +
			`"eos_token":{"content":"<|endoftext|>","normalized":true},` +
			`"unk_token":{"content":"<|endoftext|>","normalized":true}`
		sd1 = `{` + normalized + `,"pad_token":"<|endoftext|>"}`
		sd2 = `{` + normalized + `,"pad_token":"!"}`
	)
	var golden struct{ Cases []recorded }
	unzipJSON(t, "clip.json.gz", &golden)
	texts := []string{"wow! a!b", "<|StartOfText|> x", "<|ENDOFTEXT|>", "a<|endoftext|>b", "<|startoftext|>", "日本語 🙂", ""}
	for _, c := range golden.Cases {
		texts = append(texts, c.Text)
	}
	for _, zero := range []bool{false, true} {
		built, err := clip.Standard(zero)
		if err != nil {
			t.Fatal(err)
		}
		folder := clipFolder(t, string(unzip(t, "../merges.txt.gz")))
		folder["special_tokens_map.json"] = &fstest.MapFile{Data: []byte(map[bool]string{false: sd1, true: sd2}[zero])}
		want, err := clip.OpenTokenizer(fs.FS(folder))
		if err != nil {
			t.Fatal(err)
		}
		if built.ChunkFormat() != want.ChunkFormat() {
			t.Errorf("zero %v: got %+v, want %+v", zero, built.ChunkFormat(), want.ChunkFormat())
		}
		for _, text := range texts {
			if got, want := built.Encode(text), want.Encode(text); !slices.Equal(got, want) {
				t.Errorf("zero %v: %q: got %v, want %v", zero, text, got, want)
			}
		}
	}
	built, err := clip.Standard(false)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range golden.Cases {
		if strings.Contains(c.Text, "<|") { // recorded of a folder that says nothing of its special tokens
			continue
		}
		if got := built.Encode(c.Text); !slices.Equal(got, c.IDs) {
			t.Errorf("Encode(%+q)\n got %v\nwant %v", c.Text, got, c.IDs)
		}
	}
}
