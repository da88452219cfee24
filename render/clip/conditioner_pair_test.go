package clip_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"darkroom/render/clip"
	"darkroom/render/prompt"
	"darkroom/render/tensor"
)

// pairEncoder are two text encoders: of a row's ids they make the columns first+1 and second+1. They count their calls.
type pairEncoder struct {
	calls  int
	widths []int
}

func (e *pairEncoder) EncodeText(_ context.Context, ids [][]int32, _ int) (tensor.TextEncoding, error) {
	e.calls++
	length := len(ids[0]) / 2
	out := tensor.New(1, length, 2)
	for p := range length {
		out.Data[2*p], out.Data[2*p+1] = float32(ids[0][p]+1), float32(ids[0][length+p]+1)
	}
	return tensor.TextEncoding{Hidden: out, Widths: e.widths}, nil
}

// letterTokenizers are two tokenizers of one vocabulary, whose chunks are filled up with the end, and with "!".
func letterTokenizers(t *testing.T) (first, second *clip.Tokenizer, vocab map[string]int32) {
	t.Helper()
	fsys, vocab := letterVocabulary(t)
	first = openTokenizer(t, fsys)
	fsys["special_tokens_map.json"] = &fstest.MapFile{Data: []byte(`{"pad_token":"!"}`)}
	second = openTokenizer(t, fsys)
	second.Share(first)
	return first, second, vocab
}

func newPairConditioner(t *testing.T) (*clip.Conditioner, *pairEncoder) {
	t.Helper()
	first, second, _ := letterTokenizers(t)
	e := &pairEncoder{widths: []int{1, 1}}
	return clip.NewConditioner(e, first, second), e
}

// paddedChunk is a chunk of words.
func paddedChunk(t *testing.T, vocab map[string]int32, filler, words string) []int32 {
	t.Helper()
	ids := []int32{vocab["<|startoftext|>"]}
	for _, w := range append(strings.Fields(words), "<|endoftext|>") {
		id, known := vocab[w]
		if !known {
			t.Fatalf("there is no word %q", w)
		}
		ids = append(ids, id)
	}
	for len(ids) < 77 {
		ids = append(ids, vocab[filler])
	}
	return ids
}

// TestPair types "!" everywhere. The first encoder reads a word, and the second its padding token, as in diffusers for
// SDXL. For A1111 it is a word to both. / stands between chunks.
func TestPair(t *testing.T) {
	t.Parallel()
	forty, special := strings.Repeat("!!</w> ", 40), "a</w> < |</w> e n d o f t e x t</w> | ></w> b</w>"
	for name, tt := range map[string]struct{ text, first, second, literal string }{
		"none":              {"cat", "cat</w>", "cat</w>", "cat</w>"},
		"nothing":           {"", "", "", ""},
		"at the end":        {"cat!", "cat</w> !</w>", "cat</w> !", "cat</w> !</w>"},
		"at the start":      {"!cat", "!</w> cat</w>", "! cat</w>", "!</w> cat</w>"},
		"inside":            {"a!b", "a</w> !</w> b</w>", "a</w> ! b</w>", "a</w> !</w> b</w>"},
		"two together":      {"cat!! a", "cat</w> !!</w> a</w>", "cat</w> ! ! a</w>", "cat</w> !!</w> a</w>"},
		"among other signs": {".!. a", ". ! .</w> a</w>", ".</w> ! .</w> a</w>", ". ! .</w> a</w>"},
		"weighed":           {"(cat!:1.3) a", "cat</w> !</w> a</w>", "cat</w> ! a</w>", "cat</w> !</w> a</w>"},
		"around a break": {
			"cat! BREAK !a", "cat</w> !</w> / !</w> a</w>", "cat</w> ! / ! a</w>", "cat</w> !</w> / !</w> a</w>",
		},
		"more for the second": {
			strings.Repeat("!! ", 40) + "BREAK cat", forty + " /  / cat</w>",
			strings.Repeat("! ", 75) + " / ! ! ! ! ! / cat</w>", forty + " / cat</w>",
		},
		"more at the end": {
			"a BREAK " + strings.Repeat("!! ", 40), "a</w> / " + forty + " / ",
			"a</w> / " + strings.Repeat("! ", 75) + " / ! ! ! ! !", "a</w> / " + forty,
		},
		"a special token": {"a<|endoftext|>b", "a</w> <|endoftext|> b</w>", "a</w> <|endoftext|> b</w>", special},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := newPairConditioner(t)
			checkRows(t, c, tt.text, tt.first, tt.second)
			typed := tt.literal
			if name == "a special token" { // which the first encoder's tokenizer knows in A1111 too
				typed = tt.first
			}
			checkRows(t, c.ForA1111(), tt.text, typed, tt.literal)
		})
	}
}

// checkRows compares the rows of a prompt with words for each encoder.
func checkRows(t *testing.T, c *clip.Conditioner, text, first, second string) {
	t.Helper()
	_, _, vocab := letterTokenizers(t)
	chunks := c.Chunks(prompt.Current.Parse(text))
	a, b := strings.Split(first, " / "), strings.Split(second, " / ")
	if len(chunks) != len(a) || len(chunks) != len(b) {
		t.Fatalf("got %d chunks, want %d and %d", len(chunks), len(a), len(b))
	}
	for i, chunk := range chunks {
		want := slices.Concat(paddedChunk(t, vocab, "<|endoftext|>", a[i]), paddedChunk(t, vocab, "!", b[i]))
		if !slices.Equal(chunk.IDs, want) || len(chunk.Weights) != len(want) {
			t.Errorf("chunk %d:\n got %v\nwant %v", i+1, chunk.IDs, want)
		}
	}
}

// TestPairWeights weighs a word that is one token to the first encoder and two to the second.
func TestPairWeights(t *testing.T) {
	t.Parallel()
	read := func(text string, how clip.EncodeOptions) []float32 {
		c, _ := newPairConditioner(t)
		out, err := c.Encode(t.Context(), c.Chunks(prompt.Current.Parse(text)), how)
		if err != nil {
			t.Fatal(err)
		}
		return out.Hidden.Data
	}
	weights := [2]map[int]float32{{2: 1.5}, {2: 1.5, 3: 1.5}} // by position
	plain, bare := read("a !! cat", clip.EncodeOptions{}), read("a (!!:1.5) cat", clip.EncodeOptions{NoNorm: true})
	for i, got := range bare {
		want := plain[i]
		if w, weighed := weights[i%2][i/2]; weighed {
			want *= w
		}
		if got != want {
			t.Errorf("encoder %d, position %d: got %v, want %v", i%2, i/2, got, want)
		}
	}
	var sums, want [2]float64
	for i, z := range read("a (!!:1.5) cat", clip.EncodeOptions{}) {
		sums[i%2] += float64(z)
		want[i%2] += float64(plain[i])
	}
	for i := range sums {
		if math.Abs(sums[i]-want[i]) > 1e-5*want[i] {
			t.Errorf("encoder %d: got a sum of %v, want that without weights, %v", i, sums[i], want[i])
		}
	}
}

// TestPairCaches checks that both dialects share the cache of what is the same for them, and nothing else.
func TestPairCaches(t *testing.T) {
	t.Parallel()
	c, e := newPairConditioner(t)
	for _, tt := range []struct {
		by    *clip.Conditioner
		text  string
		calls int
	}{
		{c, "cat", 1}, {c.ForA1111(), "(cat:1.2)", 1}, {c, "cat!", 2}, {c.ForA1111(), "cat!", 3}, {c, "cat!", 3},
		{c.ForA1111(), "cat!", 3},
	} {
		chunks := tt.by.Chunks(prompt.Current.Parse(tt.text))
		if _, err := tt.by.Encode(t.Context(), chunks, clip.EncodeOptions{}); err != nil {
			t.Fatal(err)
		}
		if e.calls != tt.calls {
			t.Errorf("after %q: got %d encodings, want %d", tt.text, e.calls, tt.calls)
		}
	}
}

func TestPairPadsChunks(t *testing.T) {
	t.Parallel()
	c, _ := newPairConditioner(t)
	got := c.PadChunks(c.Chunks(prompt.Current.Parse("cat!")), 3)
	empty := c.Chunks(prompt.Current.Parse(""))[0]
	if len(got) != 3 || !slices.Equal(got[1].IDs, empty.IDs) || !slices.Equal(got[2].Weights, empty.Weights) {
		t.Errorf("got %v, want two empty chunks behind the first", got)
	}
}

func TestPairRefusesMissingWidths(t *testing.T) {
	t.Parallel()
	c, e := newPairConditioner(t)
	e.widths = nil
	if _, err := c.Encode(t.Context(), c.Chunks(prompt.Current.Parse("cat")), clip.EncodeOptions{}); err == nil ||
		!strings.Contains(err.Error(), "2 text encoders") {
		t.Errorf("hidden states without widths: got %v", err)
	}
}

// TestForA1111 reads as A1111 does by one tokenizer: of Stable Diffusion 1, of Stable Diffusion 2, and with added
// tokens.
func TestForA1111(t *testing.T) {
	t.Parallel()
	first, second, vocab := letterTokenizers(t)
	if first.ForA1111() != first {
		t.Error("a tokenizer that fills up with the end: got another, want itself")
	}
	if got, want := second.Encode("a!"), []int32{vocab["a</w>"], vocab["!"]}; !slices.Equal(got, want) {
		t.Errorf("diffusers: got %v, want %v", got, want)
	}
	if got, want := second.ForA1111().Encode("a!"), []int32{vocab["a</w>"], vocab["!</w>"]}; !slices.Equal(got, want) {
		t.Errorf("A1111: got %v, want %v", got, want)
	}
	if a, b := second.ForA1111().ChunkFormat(), second.ChunkFormat(); a != b {
		t.Errorf("chunks are framed by %v, want %v", a, b)
	}
	fsys, _ := letterVocabulary(t)
	fsys["tokenizer_config.json"] = &fstest.MapFile{
		Data: fmt.Appendf(
			nil, `{"pad_token":"!","added_tokens_decoder":{"%d":{"content":"!"},"900":{"content":"<s!>"}}}`, vocab["!"],
		),
	}
	own := openTokenizer(t, fsys)
	if got, want := own.ForA1111().Encode("<s!>!"), []int32{900, vocab["!</w>"]}; !slices.Equal(got, want) {
		t.Errorf("with an added token: got %v, want %v", got, want)
	}
}

// TestForA1111SpecialWords types open_clip's own words for begin and end, which are found where one of its words
// begins, in any case, as its tokenizer finds them.
func TestForA1111SpecialWords(t *testing.T) {
	t.Parallel()
	first, second, vocab := letterTokenizers(t)
	a, b, begin, end := vocab["a</w>"], vocab["b</w>"], vocab["<|startoftext|>"], vocab["<|endoftext|>"]
	for text, want := range map[string][]int32{
		"a<start_of_text>b":            {a, begin, b},
		"a <END_of_text>":              {a, end},
		"<start_of_text><end_of_text>": {begin, end},
		"<end_of_text>b":               {end, b},
		".<end_of_text>":               first.Encode(".<end_of_text>"),
		"<<end_of_text>":               first.Encode("<<end_of_text>"),
		"a < end_of_text>":             first.Encode("a < end_of_text>"),
	} {
		if got := second.ForA1111().Encode(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
		if got := second.Encode(text); !slices.Equal(got, first.Encode(text)) {
			t.Errorf("%q for diffusers: got %v, want %v", text, got, first.Encode(text))
		}
	}
}

func TestShareKeepsOtherVocabulariesApart(t *testing.T) {
	t.Parallel()
	fsys, vocab := letterVocabulary(t)
	first := openTokenizer(t, fsys)
	fsys["merges.txt"] = &fstest.MapFile{Data: []byte("#version: 0.2\n")}
	second := openTokenizer(t, fsys)
	second.Share(first)
	if got, want := second.Encode("cat"), []int32{vocab["c"], vocab["a"], vocab["t</w>"]}; !slices.Equal(got, want) {
		t.Errorf("without merges: got %v, want %v", got, want)
	}
	if got, want := first.Encode("cat"), []int32{vocab["cat</w>"]}; !slices.Equal(got, want) {
		t.Errorf("with merges: got %v, want %v", got, want)
	}
}
