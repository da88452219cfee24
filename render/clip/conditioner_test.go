package clip_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"darkroom/render/clip"
	"darkroom/render/prompt"
	"darkroom/render/tensor"
)

// echoEncoder is a text encoder two wide: the hidden state of id i at position p is (i+1, p). It counts its calls.
type echoEncoder struct {
	calls [][]int32
	skips []int
	shape []int // instead of the true one
	width []int // how the width is divided between encoders
	err   error
}

func (e *echoEncoder) EncodeText(_ context.Context, ids [][]int32, skip int) (tensor.TextEncoding, error) {
	if e.err != nil {
		return tensor.TextEncoding{}, e.err
	}
	e.calls, e.skips = append(e.calls, slices.Clone(ids[0])), append(e.skips, skip)
	out := tensor.New(len(ids), len(ids[0]), 2)
	for p, id := range ids[0] {
		out.Data[2*p], out.Data[2*p+1] = float32(id+1), float32(p)
	}
	if e.shape != nil {
		out = tensor.New(e.shape...)
	}
	return tensor.TextEncoding{Hidden: out, Widths: e.width}, nil
}

func newConditioner(t *testing.T, e *echoEncoder) *clip.Conditioner {
	t.Helper()
	fsys, _ := letterVocabulary(t)
	return clip.NewConditioner(e, openTokenizer(t, fsys))
}

// encodeTexts encodes texts one after the other, and returns the hidden states of the first.
func encodeTexts(t *testing.T, c *clip.Conditioner, texts ...string) tensor.Tensor {
	t.Helper()
	var all []tensor.Tensor
	for _, text := range texts {
		read, err := c.Encode(t.Context(), c.Chunks(prompt.Current.Parse(text)), clip.EncodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, read.Hidden)
	}
	return all[0]
}

func TestCondition(t *testing.T) {
	t.Parallel()
	t.Run("neutral weights leave hidden states alone", func(t *testing.T) {
		t.Parallel()
		e := &echoEncoder{}
		hidden := encodeTexts(t, newConditioner(t, e), "cat")
		if want := []int{1, 77, 2}; !reflect.DeepEqual(hidden.Shape, want) {
			t.Fatalf("shape: got %v, want %v", hidden.Shape, want)
		}
		for p, id := range e.calls[0] {
			if got := hidden.Data[2*p : 2*p+2]; got[0] != float32(id+1) || got[1] != float32(p) {
				t.Fatalf("position %d: got %v, want (%d, %d)", p, got, id+1, p)
			}
		}
	})
	t.Run("chunks lie side by side, and a chunk that comes again costs nothing", func(t *testing.T) {
		t.Parallel()
		e := &echoEncoder{}
		hidden := encodeTexts(t, newConditioner(t, e), "a BREAK b BREAK b")
		if want := []int{1, 3 * 77, 2}; !reflect.DeepEqual(hidden.Shape, want) {
			t.Fatalf("shape: got %v, want %v", hidden.Shape, want)
		}
		if second, third := hidden.Data[2*77:4*77], hidden.Data[4*77:]; !slices.Equal(second, third) {
			t.Error("two chunks of one text differ")
		}
		if len(e.calls) != 2 {
			t.Errorf("got %d encodings, want 2", len(e.calls))
		}
	})
	t.Run("skip reaches the encoder", func(t *testing.T) {
		t.Parallel()
		e := &echoEncoder{}
		c := newConditioner(t, e)
		for _, skip := range []int{0, 1, 0} {
			if _, err := c.Encode(t.Context(), c.Chunks(prompt.Current.Parse("a")), clip.EncodeOptions{Skip: skip}); err != nil {
				t.Fatal(err)
			}
		}
		if want := []int{0, 1}; !slices.Equal(e.skips, want) {
			t.Errorf("got encodings with skip %v, want %v", e.skips, want)
		}
	})
}

func TestConditionWeights(t *testing.T) {
	t.Parallel()
	neutral := encodeTexts(t, newConditioner(t, &echoEncoder{}), "cat dog")
	weighted := encodeTexts(t, newConditioner(t, &echoEncoder{}), "(cat:1.5) dog")
	var before, scaled, after float64
	for i, z := range neutral.Data {
		w := 1.0
		if i/2 == 1 { // "cat" is the first token
			w = 1.5
		}
		before += float64(z)
		scaled += float64(z) * w
		after += float64(weighted.Data[i])
	}
	if math.Abs(after-before) > 1e-3*before {
		t.Errorf("the mean is not restored: got a sum of %v, want %v", after, before)
	}
	for i, z := range neutral.Data {
		want := float64(z) * before / scaled
		if i/2 == 1 {
			want *= 1.5
		}
		if got := float64(weighted.Data[i]); math.Abs(got-want) > 1e-5*math.Abs(want) {
			t.Fatalf("value %d: got %v, want %v", i, got, want)
		}
	}
}

// Without the norm a weight multiplies and nothing else changes; of two encoders each has its own mean.
func TestConditionEmphasis(t *testing.T) {
	t.Parallel()
	read := func(e *echoEncoder, text string, how clip.EncodeOptions) []float32 {
		c := newConditioner(t, e)
		out, err := c.Encode(t.Context(), c.Chunks(prompt.Current.Parse(text)), how)
		if err != nil {
			t.Fatal(err)
		}
		return out.Hidden.Data
	}
	plain := read(&echoEncoder{}, "cat dog", clip.EncodeOptions{})
	for i, got := range read(&echoEncoder{}, "(cat:1.5) dog", clip.EncodeOptions{NoNorm: true}) {
		want := plain[i]
		if i/2 == 1 {
			want *= 1.5
		}
		if got != want {
			t.Fatalf("no norm: value %d: got %v, want %v", i, got, want)
		}
	}
	column := func(data []float32, at int) (sum float64) {
		for i := at; i < len(data); i += 2 {
			sum += float64(data[i])
		}
		return sum
	}
	two := read(&echoEncoder{width: []int{1, 1}}, "(cat:1.5) dog", clip.EncodeOptions{})
	for at := range 2 {
		if got, want := column(two, at), column(plain, at); math.Abs(got-want) > 1e-5*want {
			t.Errorf("sum of encoder %d: got %v, want %v", at, got, want)
		}
	}
	if one := read(&echoEncoder{}, "(cat:1.5) dog", clip.EncodeOptions{}); math.Abs(
		column(one, 1)-column(plain, 1),
	) < 1e-3 {
		t.Error("one encoder: the mean of each column is restored, want that of the whole")
	}
}

// TestEncodeBatch has the stages of an alternating prompt, one of them twice: the mean of all three is restored.
func TestEncodeBatch(t *testing.T) {
	t.Parallel()
	c := newConditioner(t, &echoEncoder{})
	texts, times := []string{"(cat:1.5) dog", "cat (cat:0.5)"}, []int{2, 1}
	var batch []clip.BatchText
	var plain [][]float32
	for i, text := range texts {
		batch = append(batch, clip.BatchText{Chunks: c.Chunks(prompt.Current.Parse(text)), Times: times[i]})
		plain = append(plain, encodeTexts(t, c, strings.NewReplacer("(", "", ":1.5)", "", ":0.5)", "").Replace(text)).Data)
	}
	got, err := c.EncodeBatch(t.Context(), batch, clip.EncodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	weights := []map[int]float64{{1: 1.5}, {2: 0.5}} // by position
	weighted := func(text, i int) float64 {
		if w, ok := weights[text][i/2]; ok {
			return w * float64(plain[text][i])
		}
		return float64(plain[text][i])
	}
	var before, after float64
	for k, values := range plain {
		for i, z := range values {
			before, after = before+float64(times[k])*float64(z), after+float64(times[k])*weighted(k, i)
		}
	}
	for k, encoding := range got {
		for i, z := range encoding.Hidden.Data {
			if want := weighted(k, i) * before / after; math.Abs(float64(z)-want) > 1e-5*math.Abs(want) {
				t.Fatalf("text %d, value %d: got %v, want %v", k+1, i, z, want)
			}
		}
	}
	batch[1].Chunks = append(batch[1].Chunks, batch[1].Chunks...)
	if _, err := c.EncodeBatch(t.Context(), batch, clip.EncodeOptions{}); err == nil {
		t.Error("texts of one chunk and of two: got no error")
	}
}

func TestConditionExtremeWeights(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"(cat:0)", "(cat:-1)", "(cat:1" + strings.Repeat("0", 60) + ")", strings.Repeat("(", 1000) + "cat",
		"(cat:0.0000000000000000000000000000000000000000000001)",
	} {
		for i, z := range encodeTexts(t, newConditioner(t, &echoEncoder{}), text).Data {
			if math.IsNaN(float64(z)) || math.IsInf(float64(z), 0) {
				t.Errorf("%.20s: value %d is %v", text, i, z)
				break
			}
		}
	}
}

func TestConditionCaches(t *testing.T) {
	t.Parallel()
	e := &echoEncoder{}
	c := newConditioner(t, e)
	first := encodeTexts(t, c, "(cat:1.3)", "dog")
	again := encodeTexts(t, c, "(cat:1.3)", "dog")
	encodeTexts(t, c, "[cat]", "dog")
	if len(e.calls) != 2 {
		t.Errorf("got %d encodings, want 2: weights are no part of them", len(e.calls))
	}
	if !reflect.DeepEqual(first, again) {
		t.Error("a remembered prompt gives other values")
	}
	for i := range 200 {
		encodeTexts(t, c, strings.Repeat("z", 1+i/26)+string(rune('a'+i%26)), "dog")
	}
	n := len(e.calls)
	encodeTexts(t, c, "cat", "dog")
	if len(e.calls) != n+1 {
		t.Errorf("got %d new encodings, want 1: cat was forgotten, dog was not", len(e.calls)-n)
	}
}

func TestConditionForgetsTheLeastRecentlyUsed(t *testing.T) {
	t.Parallel()
	e := &echoEncoder{}
	c := newConditioner(t, e)
	encodeTexts(t, c, "dog", "cat")
	letters := func(i int) string { return strings.Repeat("z", 1+i/26) + string(rune('a'+i%26)) }
	for i := range 40 {
		encodeTexts(t, c, letters(i))
	}
	encodeTexts(t, c, "dog")
	for i := range 40 {
		encodeTexts(t, c, letters(40+i))
	}
	n := len(e.calls)
	if encodeTexts(t, c, "dog"); len(e.calls) != n {
		t.Error("dog was encoded again, want it cached: it was used after forty others")
	}
	if encodeTexts(t, c, "cat"); len(e.calls) != n+1 {
		t.Error("cat is cached, want it forgotten: eighty others came after it")
	}
}

func TestConditionRefuses(t *testing.T) {
	t.Parallel()
	broken := errors.New("out of memory")
	for name, tt := range map[string]struct {
		encoder *echoEncoder
		want    string
	}{
		"an encoder's error":    {&echoEncoder{err: broken}, "chunk 1: out of memory"},
		"too few tokens":        {&echoEncoder{shape: []int{1, 76, 2}}, "want [1 77 d]"},
		"a batch of two":        {&echoEncoder{shape: []int{2, 77, 2}}, "want [1 77 d]"},
		"no hidden states left": {&echoEncoder{shape: []int{1, 77}}, "want [1 77 d]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newConditioner(t, tt.encoder)
			_, err := c.Encode(t.Context(), c.Chunks(prompt.Current.Parse("a")), clip.EncodeOptions{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
			if tt.encoder.err != nil && !errors.Is(err, broken) {
				t.Errorf("%v does not wrap the encoder's error", err)
			}
		})
	}
	t.Run("no chunks", func(t *testing.T) {
		t.Parallel()
		if _, err := newConditioner(t, &echoEncoder{}).Encode(t.Context(), nil, clip.EncodeOptions{}); err == nil {
			t.Error("got no error")
		}
	})
}
