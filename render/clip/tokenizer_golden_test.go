package clip_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"darkroom/render/clip"
)

type recorded struct {
	Text string
	IDs  []int32
}

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// TestDemoVocabulary compares with the ids that transformers' CLIPTokenizer gave on the demo model's vocabulary;
// render/demo's recipe records them, framed by BOS and EOS.
func TestDemoVocabulary(t *testing.T) {
	t.Parallel()
	var golden struct {
		Vocabulary, Start, End int32
		Cases, Padded          []recorded
	}
	readJSON(t, "../testdata/golden/tokenizer.json", &golden)
	tok, err := clip.OpenTokenizer(os.DirFS("../demo/postcards/tokenizer"))
	if err != nil {
		t.Fatal(err)
	}
	if tok.BOS != golden.Start || tok.EOS != golden.End {
		t.Errorf("BOS and EOS: got %d and %d, want %d and %d", tok.BOS, tok.EOS, golden.Start, golden.End)
	}
	if len(golden.Cases) < 200 {
		t.Errorf("got %d recorded texts, want at least 200", len(golden.Cases))
	}
	for _, tt := range golden.Cases {
		got := append(append([]int32{tok.BOS}, tok.Encode(tt.Text)...), tok.EOS)
		if !slices.Equal(got, tt.IDs) {
			t.Errorf("Encode(%q)\n got %v\nwant %v", tt.Text, got, tt.IDs)
		}
	}
	for _, tt := range golden.Padded {
		if got := oneChunk(tok, tt.Text).IDs; !slices.Equal(got, tt.IDs) {
			t.Errorf("one chunk of %q\n got %v\nwant %v", tt.Text, got, tt.IDs)
		}
	}
}

// TestOddVocabularies compares with transformers 5.23's CLIPTokenizer (tokenizers 0.23) on vocabularies in testdata:
// transformers' own toy, merges in an order no training would give, a filler that is also a word, and bare bytes with
// texts from all over Unicode. Each was written to a folder, opened with from_pretrained and asked for
// encode(text, add_special_tokens=False).
func TestOddVocabularies(t *testing.T) {
	t.Parallel()
	var golden []struct {
		Vocab   map[string]int32
		Merges  []string
		Special map[string]string
		Cases   []recorded
	}
	readJSON(t, "testdata/odd.json", &golden)
	for i, g := range golden {
		tok, err := clip.OpenTokenizer(tokenizerFolder(t, g.Vocab, g.Merges, g.Special))
		if err != nil {
			t.Fatalf("vocabulary %d: %v", i, err)
		}
		for _, tt := range g.Cases {
			if got := tok.Encode(tt.Text); !slices.Equal(got, tt.IDs) {
				t.Errorf("vocabulary %d: Encode(%+q)\n got %v\nwant %v", i, tt.Text, got, tt.IDs)
			}
		}
	}
}

// TestTokenizerJSONAlone compares with transformers 5.23's CLIPTokenizer, which saves tokenizer.json and
// tokenizer_config.json alone: the added tokens and how they are found are in the former, the padding in the latter.
func TestTokenizerJSONAlone(t *testing.T) {
	t.Parallel()
	const added = `{"version":"1.0","added_tokens":[
		{"id":5,"content":"!","single_word":false,"normalized":false,"special":true},
		{"id":6,"content":"<|startoftext|>","single_word":false,"normalized":true,"special":true},
		{"id":7,"content":"<|endoftext|>","single_word":false,"normalized":true,"special":true}],
		"model":{"type":"BPE",
		"vocab":{"a":0,"b":1,"a</w>":2,"b</w>":3,"ab</w>":4,"!":5,"<|startoftext|>":6,"<|endoftext|>":7},
		"merges":[["a","b</w>"]]}}`
	tok, err := clip.OpenTokenizer(fstest.MapFS{
		"tokenizer.json": {Data: []byte(added)},
		"tokenizer_config.json": {Data: []byte(
			`{"backend":"tokenizers","bos_token":"<|startoftext|>","eos_token":"<|endoftext|>","pad_token":"!",` +
				`"unk_token":"<|endoftext|>","model_max_length":77}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if tok.BOS != 6 || tok.EOS != 7 || tok.Pad != 5 || tok.Length != 77 {
		t.Errorf("got BOS %d, EOS %d, pad %d, length %d", tok.BOS, tok.EOS, tok.Pad, tok.Length)
	}
	for text, want := range map[string][]int32{
		"ab a": {4, 2}, "AB <|ENDOFTEXT|> b": {4, 7, 3}, "a!b": {2, 5, 3}, "<|StartOfText|>a": {6, 2},
	} {
		if got := tok.Encode(text); !slices.Equal(got, want) {
			t.Errorf("Encode(%q): got %v, want %v", text, got, want)
		}
	}
}

// TestTokenizerWithMarks reads files that an editor saved with a mark of UTF-8.
func TestTokenizerWithMarks(t *testing.T) {
	t.Parallel()
	files := func(mark string) fstest.MapFS {
		return fstest.MapFS{
			"vocab.json": {Data: []byte(mark +
				`{"a":0,"b":1,"a</w>":2,"b</w>":3,"ab</w>":4,"<|startoftext|>":6,"<|endoftext|>":7}`)},
			"merges.txt":            {Data: []byte(mark + "#version: 0.2\na b</w>\n")},
			"tokenizer_config.json": {Data: []byte(mark + `{"model_max_length":12}`)},
		}
	}
	tok, err := clip.OpenTokenizer(files("\ufeff"))
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Encode("ab a"); !slices.Equal(got, []int32{4, 2}) || tok.Length != 12 {
		t.Errorf("got %v and chunks of %d, want 4, 2 and 12", got, tok.Length)
	}
}

// tokenizerFolder writes a tokenizer folder in memory.
func tokenizerFolder(t *testing.T, vocab map[string]int32, merges []string, special map[string]string) fstest.MapFS {
	t.Helper()
	v, err := json.Marshal(vocab)
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{
		"vocab.json": {Data: v},
		"merges.txt": {Data: []byte("#version: 0.2\n" + strings.Join(merges, "\n") + "\n")},
	}
	if special != nil {
		s, err := json.Marshal(special)
		if err != nil {
			t.Fatal(err)
		}
		fsys["special_tokens_map.json"] = &fstest.MapFile{Data: s}
	}
	return fsys
}
