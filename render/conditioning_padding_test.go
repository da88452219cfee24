package render

import (
	"context"
	"io/fs"
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"darkroom/render/clip"
	"darkroom/render/picture"
	"darkroom/render/tensor"
)

// twoEncoderModel is a fake model of two text encoders, which records the rows that it reads.
type twoEncoderModel struct {
	*fakeModel
	rows [][]int32
}

func (f *twoEncoderModel) EncodeText(_ context.Context, ids [][]int32, _ int) (TextEncoding, error) {
	f.rows = append(f.rows, slices.Clone(ids[0]))
	length := len(ids[0]) / 2
	out := tensor.New(1, length, 2)
	for p := range length {
		out.Data[2*p], out.Data[2*p+1] = float32(ids[0][p]%7+1), float32(ids[0][length+p]%7+1)
	}
	return TextEncoding{Hidden: out, Widths: []int{1, 1}}, nil
}

// bangPaddedTokenizer is the demo model's tokenizer, filled up with "!".
func bangPaddedTokenizer(t *testing.T) *clip.Tokenizer {
	t.Helper()
	fsys := fstest.MapFS{"special_tokens_map.json": {Data: []byte(`{"pad_token":"!"}`)}}
	for _, name := range []string{"vocab.json", "merges.txt"} {
		data, err := fs.ReadFile(os.DirFS("demo/postcards/tokenizer"), name)
		if err != nil {
			t.Fatal(err)
		}
		fsys[name] = &fstest.MapFile{Data: data}
	}
	words, err := clip.OpenTokenizer(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return words
}

// TestTypedPaddingTokenByDialect has prompts joined by AND, one of them longer for the second encoder, and a negative
// prompt.
func TestTypedPaddingTokenByDialect(t *testing.T) {
	t.Parallel()
	words, second := tokenizer(t), bangPaddedTokenizer(t)
	word, filler := words.Encode("!")[0], second.Encode("!")[0]
	if word == filler {
		t.Fatalf("both encoders read %d", word)
	}
	for dialect, want := range map[picture.Dialect]int32{picture.Diffusers: filler, picture.A1111: word} {
		rows := 4 // two chunks of the first prompt, one of each other
		if dialect == picture.Diffusers {
			rows++ // and the empty one that makes those as long
		}
		f := &twoEncoderModel{fakeModel: &fakeModel{}}
		parts := f.parts()
		parts.Text, parts.Tokenizers = f, []*clip.Tokenizer{words, second}
		r, err := New(parts, Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := boatSpec()
		s.Dialect, s.Sampler, s.Steps = dialect, "euler", 1
		s.Prompt, s.Negative = "! boat (wow!:1.2) BREAK sea! AND ! star :0.5", "! blurry"
		mustRender(t, r, s, Job{})
		if len(f.rows) != rows {
			t.Fatalf("%s: got %d rows, want %d", dialect, len(f.rows), rows)
		}
		starts := 0
		for i, row := range f.rows {
			if len(row) != 2*words.Length || row[0] != words.BOS || row[words.Length] != words.BOS {
				t.Fatalf("%s: row %d is not two chunks: %v", dialect, i, row)
			}
			if row[words.Length-1] != words.EOS || row[len(row)-1] != filler {
				t.Errorf(
					"%s: row %d is filled up with %d and %d, want %d and %d", dialect, i, row[words.Length-1], row[len(row)-1],
					words.EOS, filler,
				)
			}
			if row[1] == word {
				if starts++; row[words.Length+1] != want {
					t.Errorf("%s: row %d: the second encoder reads %d for \"!\", want %d", dialect, i, row[words.Length+1], want)
				}
			}
		}
		if starts != 3 {
			t.Errorf("%s: got %d rows that begin with \"!\", want 3", dialect, starts)
		}
	}
}

func TestNewRefusesTokenizersOfTwoLengths(t *testing.T) {
	t.Parallel()
	parts := (&fakeModel{}).parts()
	second := bangPaddedTokenizer(t)
	second.Length = 50
	parts.Tokenizers = []*clip.Tokenizer{tokenizer(t), second}
	if _, err := New(parts, Options{}); err == nil {
		t.Error("got no error")
	}
}
