package clip_test

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"darkroom/render/clip"
	"darkroom/render/prompt"
)

// TestWithWordsGolden divides prompts that name textual inversions as A1111 does: see recipe/words.py.
func TestWithWordsGolden(t *testing.T) {
	t.Parallel()
	file, err := os.Open(filepath.Join("testdata", "words.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var record struct{ Words, Cases []json.RawMessage }
	if err := json.NewDecoder(unzipped).Decode(&record); err != nil {
		t.Fatal(err)
	}
	var words []clip.Word
	for _, raw := range record.Words {
		var w clip.Word
		if err := json.Unmarshal(raw, &[]any{&w.Text, &w.First, &w.Vectors}); err != nil {
			t.Fatal(err)
		}
		words = append(words, w)
	}
	plain, err := clip.OpenTokenizer(os.DirFS(filepath.Join("..", "demo", "postcards", "tokenizer")))
	if err != nil {
		t.Fatal(err)
	}
	tok := plain.WithWords(words...)
	for _, raw := range record.Cases {
		var text string
		var chunks [][2]json.RawMessage
		if err := json.Unmarshal(raw, &[]any{&text, &chunks}); err != nil {
			t.Fatal(err)
		}
		got := prompt.AlignedChunks(prompt.Current.Parse(text), tok.PromptTokenizer())[0]
		if len(got) != len(chunks) {
			t.Errorf("%q: got %d chunks, want %d", text, len(got), len(chunks))
			continue
		}
		for i, c := range chunks {
			var want prompt.Chunk
			if err := json.Unmarshal(c[0], &want.IDs); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(c[1], &want.Weights); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got[i].IDs, want.IDs) || !slices.Equal(got[i].Weights, want.Weights) {
				t.Errorf("%q, chunk %d: got %v, want %v", text, i, got[i].IDs, want.IDs)
			}
		}
	}
	if len(record.Cases) < 40 {
		t.Errorf("%d prompts were recorded, want at least 40", len(record.Cases))
	}
	if p := plain.PromptTokenizer(); p.Word != nil {
		t.Error("the tokenizer without words has words")
	}
}

// TestWithWordsMoves keeps a textual inversion whole where a comma moves it on to the next chunk.
func TestWithWordsMoves(t *testing.T) {
	t.Parallel()
	fsys, vocab := letterVocabulary(t)
	tok := openTokenizer(t, fsys).WithWords(
		clip.Word{Text: "Cat", First: 1000, Vectors: 3}, clip.Word{Text: "", First: 2000, Vectors: 1},
		clip.Word{Text: "z", First: 3000, Vectors: 76}, clip.Word{Text: "y", First: 4000, Vectors: 0},
	)
	var parts []prompt.Part
	for range 70 {
		parts = append(parts, prompt.Part{Text: "b", Weight: 1})
	}
	parts = append(parts, prompt.Part{Text: ", cat b b", Weight: 1})
	chunks := prompt.AlignedChunks(parts, tok.PromptTokenizer())[0]
	b := vocab["b</w>"]
	if len(chunks) != 2 || !slices.Equal(chunks[1].IDs[:7], []int32{tok.BOS, 1000, 1001, 1002, b, b, tok.EOS}) {
		t.Errorf("got %v, want the word at the start of the second chunk", chunks)
	}
	a1111 := tok.ForA1111().PromptTokenizer()
	for text, want := range map[string][]int32{"cat": {1000, 1001, 1002}, "z": nil, "y": nil} {
		if rows, _ := a1111.Word(tok.Encode(text)); !slices.Equal(rows, want) {
			t.Errorf("%q: got the rows %v, want %v", text, rows, want)
		}
	}
}
