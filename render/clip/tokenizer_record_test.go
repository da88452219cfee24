package clip_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"darkroom/render/clip"
)

// unzip returns the content of a recorded file. recipe/record.py wrote them.
func unzip(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return data
}

func unzipJSON(t *testing.T, name string, into any) {
	t.Helper()
	if err := json.Unmarshal(unzip(t, name), into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// letterBytes are the 256 characters that stand for bytes, in the order of CLIP's vocabulary.
func letterBytes() (letters []string) {
	var rest []string
	for b := range 256 {
		if b >= 33 && b <= 126 || b >= 161 && b <= 172 || b >= 174 {
			letters = append(letters, string(rune(b)))
		} else {
			rest = append(rest, string(rune(256+len(rest))))
		}
	}
	return append(letters, rest...)
}

// clipFolder is a tokenizer folder made of merges, in CLIP's order of ids.
func clipFolder(t *testing.T, merges string) fstest.MapFS {
	t.Helper()
	vocab := map[string]int32{}
	add := func(s string) { vocab[s] = int32(len(vocab)) }
	for _, end := range []string{"", "</w>"} {
		for _, c := range letterBytes() {
			add(c + end)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(merges), "\n")[1:] {
		add(strings.Replace(line, " ", "", 1))
	}
	add("<|startoftext|>")
	add("<|endoftext|>")
	data, err := json.Marshal(vocab)
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{"vocab.json": {Data: data}, "merges.txt": {Data: []byte(merges)}}
}

// TestRecorded compares with what Hugging Face's fast tokenizer gave for thousands of awkward strings: all scripts,
// emoji, contractions, control characters, combining marks, ligatures, numbers, long words and special tokens.
func TestRecorded(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) fs.FS{
		"demo.json.gz": func(*testing.T) fs.FS { return os.DirFS("../demo/postcards/tokenizer") },
		"clip.json.gz": func(t *testing.T) fs.FS { return clipFolder(t, string(unzip(t, "../merges.txt.gz"))) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var golden struct{ Cases []recorded }
			unzipJSON(t, name, &golden)
			if len(golden.Cases) < 2000 {
				t.Fatalf("got %d recorded strings, want at least 2,000", len(golden.Cases))
			}
			tok, err := clip.OpenTokenizer(open(t))
			if err != nil {
				t.Fatal(err)
			}
			for _, tt := range golden.Cases {
				if got := tok.Encode(tt.Text); !slices.Equal(got, tt.IDs) {
					t.Errorf("Encode(%+q)\n got %v\nwant %v", tt.Text, got, tt.IDs)
				}
			}
		})
	}
}

// TestRecordedVocabulary has the ids that are known of CLIP's vocabulary from elsewhere, so that a recipe that built
// another vocabulary would be found out.
func TestRecordedVocabulary(t *testing.T) {
	t.Parallel()
	tok, err := clip.OpenTokenizer(clipFolder(t, string(unzip(t, "../merges.txt.gz"))))
	if err != nil {
		t.Fatal(err)
	}
	if f := tok.ChunkFormat(); f.BOS != 49406 || f.EOS != 49407 || f.Comma != 267 {
		t.Errorf("frame: got %+v, want 49406, 49407 and the comma 267", f)
	}
	for text, want := range map[string][]int32{
		"a photo of an astronaut riding a horse on mars": {320, 1125, 539, 550, 18376, 6765, 320, 4558, 525, 7496},
		"A painting of a squirrel eating a burger":       {320, 3086, 539, 320, 14004, 4371, 320, 6548},
		"hello world!":                     {3306, 1002, 256},
		"it's 2023, isn't it?":             {585, 568, 273, 271, 273, 274, 267, 2923, 713, 585, 286},
		"Dalí's café":                      {2476, 23928, 568, 15304},
		"masterpiece, best quality, 1girl": {12066, 267, 949, 3027, 267, 272, 1611},
		"((masterpiece:1.2))":              {13796, 12066, 281, 272, 269, 273, 5167},
		"a\n'll 11p223RF☆ho!!to?'d'd''d of a cat to-$''d.": {
			320, 1342, 272, 272, 335, 273, 273, 274, 16368, 13439, 2971, 748, 531, 13610, 323, 1896, 8445, 323, 539, 320, 2368,
			531, 12, 3, 8445, 323, 269,
		},
		"日本語": {39121, 44353, 34002, 508}, "🙂": {14860}, "BREAK": {2568}, "   spaced   out  ": {10336, 538, 620},
		"well-known": {1123, 268, 3102}, "C++ && <tag>": {322, 19056, 27791, 283, 3640, 285},
		"&amp; &lt;b&gt;": {261, 6259, 282, 261, 3333, 282, 321, 261, 4725, 282}, "a diagram": {320, 22697},
		"a dog": {320, 1929}, "a cat": {320, 2368}, "": nil,
	} {
		if got := tok.Encode(text); !slices.Equal(got, want) {
			t.Errorf("Encode(%q)\n got %v\nwant %v", text, got, want)
		}
	}
}

// characters is what is recorded of every character of Unicode, between two q.
type characters struct {
	Runs  [][2]any // the first character of a run of one kind: L a letter, s a blank, N a number, o other
	Reads [][2]any // a character, and what is read instead of the usual
}

// TestCharacters checks for the characters of Unicode how they divide words and what they are read as. Of the long runs
// (Han, Hangul, what is not assigned) it takes the ends and a sample.
func TestCharacters(t *testing.T) {
	t.Parallel()
	var golden characters
	unzipJSON(t, "classes.json.gz", &golden)
	reads := map[rune]string{}
	for _, b := range golden.Reads {
		reads[rune(b[0].(float64))] = b[1].(string)
	}
	tok, err := clip.OpenTokenizer(clipFolder(t, "#version: 0.2\n"))
	if err != nil {
		t.Fatal(err)
	}
	bytesOf := byteOrder()
	for i, run := range golden.Runs {
		from, kind, to := rune(run[0].(float64)), run[1].(string), rune(0x110000)
		if i+1 < len(golden.Runs) {
			to = rune(golden.Runs[i+1][0].(float64))
		}
		for r := from; r < to; r++ {
			if r-from > 1000 && to-r > 1000 && r%61 != 0 || r >= 0xd800 && r <= 0xdfff {
				continue
			}
			want, different := reads[r]
			if !different {
				want = map[string]string{"L": "q" + string(r) + "q", "s": "q q"}[kind]
			}
			if want == "" {
				want = "q " + string(r) + " q"
			}
			if got := bytesOf.words(tok.Encode("q" + string(r) + "q")); got != want {
				t.Errorf("%U of kind %s: got %+q, want %+q", r, kind, got, want)
			}
			if got := strings.Contains(bytesOf.words(tok.Encode(string([]rune{r, r}))), " "); got != (kind == "N") &&
				!different {
				t.Errorf("two %U: divided is %v, and it is of kind %s", r, got, kind)
			}
		}
	}
}

// byteOrdering says which byte each id of a vocabulary of bare bytes stands for.
type byteOrdering []byte

func byteOrder() byteOrdering {
	var own, rest byteOrdering
	for b := range 256 {
		if b >= 33 && b <= 126 || b >= 161 && b <= 172 || b >= 174 {
			own = append(own, byte(b))
		} else {
			rest = append(rest, byte(b))
		}
	}
	return append(own, rest...)
}

// words turns ids back into words with a blank between.
func (o byteOrdering) words(ids []int32) string {
	var out []byte
	for _, id := range ids {
		if out = append(out, o[int(id)%len(o)]); int(id) >= len(o) {
			out = append(out, ' ')
		}
	}
	return strings.TrimSuffix(string(out), " ")
}

// TestAddedTokens compares with Hugging Face's tokenizer on folders with tokens of their own.
func TestAddedTokens(t *testing.T) {
	t.Parallel()
	var golden []struct {
		Files map[string]any
		IDs   map[string]int32 `json:"ids"`
		Cases []recorded
	}
	unzipJSON(t, "added.json.gz", &golden)
	for i, g := range golden {
		fsys := fstest.MapFS{}
		for name, content := range g.Files {
			text, plain := content.(string)
			if !plain {
				data, err := json.Marshal(content)
				if err != nil {
					t.Fatal(err)
				}
				text = string(data)
			}
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
		tok, err := clip.OpenTokenizer(fsys)
		if err != nil {
			t.Fatalf("folder %d: %v", i, err)
		}
		if got := map[string]int32{"bos_token_id": tok.BOS, "eos_token_id": tok.EOS, "pad_token_id": tok.Pad}; !maps.Equal(
			got, g.IDs,
		) {
			t.Errorf("folder %d: got %v, want %v", i, got, g.IDs)
		}
		for _, tt := range g.Cases {
			if got := tok.Encode(tt.Text); !slices.Equal(got, tt.IDs) {
				t.Errorf("folder %d: Encode(%+q)\n got %v\nwant %v", i, tt.Text, got, tt.IDs)
			}
		}
	}
}
