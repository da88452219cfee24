package clip_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"darkroom/render/clip"
	"darkroom/render/prompt"
)

// letterVocabulary is a vocabulary of the lower-case letters, a few signs and three merges:
// "c a", "ca t</w>", "! !</w>".
func letterVocabulary(t *testing.T) (fstest.MapFS, map[string]int32) {
	t.Helper()
	vocab := map[string]int32{}
	add := func(s string) { vocab[s] = int32(len(vocab)) }
	for _, c := range "abcdefghijklmnopqrstuvwxyz,.'1!<|>" {
		add(string(c))
		add(string(c) + "</w>")
	}
	for _, s := range []string{"ca", "cat</w>", "!!</w>", "<|startoftext|>", "<|endoftext|>"} {
		add(s)
	}
	return tokenizerFolder(t, vocab, []string{"c a", "ca t</w>", "! !</w>"}, nil), vocab
}

func openTokenizer(t *testing.T, fsys fstest.MapFS) *clip.Tokenizer {
	t.Helper()
	tok, err := clip.OpenTokenizer(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// oneChunk is the first chunk of an unweighted text.
func oneChunk(tok *clip.Tokenizer, text string) prompt.Chunk {
	return prompt.Chunks([]prompt.Part{{Text: text, Weight: 1}}, tok.ChunkFormat(), tok.Encode)[0]
}

func TestEncode(t *testing.T) {
	t.Parallel()
	fsys, vocab := letterVocabulary(t)
	tok := openTokenizer(t, fsys)
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":                         {"", ""},
		"a merged word":                   {"cat", "cat</w>"},
		"case does not count":             {"CAT Cat", "cat</w> cat</w>"},
		"blanks do not count":             {"\t cat\n\u3000cat  ", "cat</w> cat</w>"},
		"a longer word ends elsewhere":    {"cats", "ca t s</w>"},
		"each digit is a word":            {"11", "1</w> 1</w>"},
		"signs in a row are one word":     {".,.", ". , .</w>"},
		"a contraction's tail is a word":  {"cat's", "cat</w> ' s</w>"},
		"an apostrophe alone is a sign":   {"cat'x", "cat</w> '</w> x</w>"},
		"what is not there is the end id": {"é", "<|endoftext|> <|endoftext|>"},
		"a special token is itself":       {"cat<|endoftext|>cat", "cat</w> <|endoftext|> cat</w>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []int32
			for s := range strings.FieldsSeq(tt.want) {
				want = append(want, vocab[s])
			}
			if got := tok.Encode(tt.text); !slices.Equal(got, want) {
				t.Errorf("Encode(%q): got %v, want %v", tt.text, got, want)
			}
		})
	}
}

func TestEncodeLongWords(t *testing.T) {
	t.Parallel()
	fsys, vocab := letterVocabulary(t)
	tok := openTokenizer(t, fsys)
	got := tok.Encode(strings.Repeat("ca", 100_000))
	if len(got) != 100_001 || got[0] != vocab["ca"] || got[100_000] != vocab["a</w>"] {
		t.Errorf("a word of 200,000 letters: got %d ids, want 99,999 of %d, then c and a</w>", len(got), vocab["ca"])
	}
}

func TestEncodeConcurrently(t *testing.T) {
	t.Parallel()
	fsys, _ := letterVocabulary(t)
	tok := openTokenizer(t, fsys)
	want := tok.Encode("cat cats a.b")
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for j := range 300 {
				tok.Encode(strings.Repeat(string(rune('a'+i)), j%50))
				if got := tok.Encode("cat cats a.b"); !slices.Equal(got, want) {
					t.Errorf("got %v, want %v", got, want)
					return
				}
			}
		})
	}
	wait.Wait()
}

func TestChunkFormat(t *testing.T) {
	t.Parallel()
	fsys, vocab := letterVocabulary(t)
	fsys["tokenizer_config.json"] = &fstest.MapFile{
		Data: []byte(`{"model_max_length": 1e30, "pad_token": {"content": "a", "lstrip": false}, "bos_token": null}`),
	}
	tok := openTokenizer(t, fsys)
	want := prompt.ChunkFormat{
		BOS: vocab["<|startoftext|>"], EOS: vocab["<|endoftext|>"], Pad: vocab["a"], Comma: vocab[",</w>"], Length: 77,
	}
	if got := tok.ChunkFormat(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	fsys["special_tokens_map.json"] = &fstest.MapFile{Data: []byte(`{"pad_token": "b"}`)}
	if got := openTokenizer(t, fsys).Pad; got != vocab["b"] {
		t.Errorf("special_tokens_map.json has the last word: got filler %d, want %d", got, vocab["b"])
	}
}

func TestOpenTokenizerRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ file, content, want string }{
		"no vocabulary":         {"vocab.json", "", "vocab.json"},
		"a vocabulary cut off":  {"vocab.json", `{"a": 1,`, "vocab.json"},
		"a vocabulary of names": {"vocab.json", `{"a": "b"}`, "vocab.json"},
		"an empty vocabulary":   {"vocab.json", `{}`, "vocab.json"},
		"a negative id":         {"vocab.json", `{"a": -1}`, `"a" has the id -1`},
		"no end token": {
			"vocab.json",
			`{"c":0,"a":1,"ca":2,"t</w>":3,"cat</w>":4,"!":5,"!</w>":6,"!!</w>":7,"<|startoftext|>":8}`,
			"<|endoftext|>",
		},
		"no merges":                  {"merges.txt", "", "merges.txt"},
		"a merge of three":           {"merges.txt", "#version: 0.2\nc a t\n", "line 2"},
		"a merge of one":             {"merges.txt", "#version: 0.2\n\ncat\n", "line 3"},
		"a merge outside":            {"merges.txt", "c a\nc é\n", "line 2"},
		"a merge to nothing":         {"merges.txt", "a c\n", `"ac" is not in vocab.json`},
		"settings that are no JSON":  {"tokenizer_config.json", "{", "tokenizer_config.json"},
		"a token that is a number":   {"special_tokens_map.json", `{"pad_token": 5}`, "special_tokens_map.json"},
		"a filler that is not there": {"special_tokens_map.json", `{"pad_token": "[PAD]"}`, "[PAD]"},
		"a length without room":      {"tokenizer_config.json", `{"model_max_length": 2}`, "tokenizer_config.json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fsys, _ := letterVocabulary(t)
			delete(fsys, tt.file)
			if tt.content != "" {
				fsys[tt.file] = &fstest.MapFile{Data: []byte(tt.content)}
			}
			_, err := clip.OpenTokenizer(fsys)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one that names %s", err, tt.want)
			}
		})
	}
}

func FuzzEncode(f *testing.F) {
	for _, seed := range []string{"", "a cat's", "İ\u0301\x00\xff", "<|endoftext|><|start", "''''d", "١٢ Ⅻ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fsys, vocab := letterVocabulary(t)
		for _, id := range openTokenizer(t, fsys).Encode(text) {
			if id < 0 || int(id) >= len(vocab) {
				t.Errorf("Encode(%q) gave %d, which is no id", text, id)
			}
		}
	})
}
