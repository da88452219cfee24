package similarity

import (
	"context"
	"errors"
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"darkroom/render/clip"
	"darkroom/render/tensor"
	"darkroom/render/vision"
)

func TestCosine(t *testing.T) {
	t.Parallel()
	v := func(clip string, x ...float32) Vector { return Vector{CLIP: clip, Values: x} }
	for name, c := range map[string]struct {
		a, b Vector
		want float64
		err  error
	}{
		"the same":           {v("a", 0.6, 0.8), v("a", 0.6, 0.8), 1, nil},
		"at a right angle":   {v("a", 0.6, 0.8), v("a", -0.8, 0.6), 0, nil},
		"the opposite":       {v("a", 0.6, 0.8), v("a", -0.6, -0.8), -1, nil},
		"of another CLIP":    {v("a", 0.6, 0.8), v("b", 0.6, 0.8), 0, ErrOtherCLIP},
		"without a CLIP":     {v("", 0.6, 0.8), v("", 0.6, 0.8), 0, ErrOtherCLIP},
		"of another width":   {v("a", 0.6, 0.8), v("a", 1), 0, ErrOtherCLIP},
		"longer by rounding": {v("a", 1.0000001, 0), v("a", 1.0000001, 0), 1, nil},
	} {
		got, err := Cosine(c.a, c.b)
		if math.Abs(got-c.want) > 1e-6 || got > 1 || !errors.Is(err, c.err) {
			t.Errorf("%s: got %v and %v, want %v and %v", name, got, err, c.want, c.err)
		}
	}
}

// fake answers with the same vector always, and notes what it was given.
type fake struct {
	out    []float32
	err    error
	ids    [][]int32
	pixels tensor.Tensor
}

func (f *fake) Run(_ context.Context, pixels tensor.Tensor) ([]tensor.Tensor, error) {
	f.pixels = pixels
	return f.answer()
}

func (f *fake) RunIDs(_ context.Context, ids [][]int32) ([]tensor.Tensor, error) {
	f.ids = ids
	return f.answer()
}

func (f *fake) answer() ([]tensor.Tensor, error) {
	return []tensor.Tensor{{Shape: []int{1, len(f.out)}, Data: f.out}}, f.err
}

func newEncoder(t *testing.T, f *fake) *Encoder {
	t.Helper()
	words, err := clip.Standard(false)
	if err != nil {
		t.Fatal(err)
	}
	return &Encoder{Image: f, Text: f, Model: &Model{
		Hash: "h", Width: 2, Preprocessor: vision.CLIP(8), tokenizer: words, length: 6,
	}}
}

// TestVectorsHaveLength1: vectors are scaled, and carry their CLIP's hash.
func TestVectorsHaveLength1(t *testing.T) {
	t.Parallel()
	f := &fake{out: []float32{3, 4}}
	e := newEncoder(t, f)
	text, err := e.TextVector(t.Context(), "a red boat")
	if err != nil || text.CLIP != "h" || !slices.Equal(text.Values, []float32{0.6, 0.8}) {
		t.Errorf("text: got %+v and %v, want 0.6, 0.8 of h", text, err)
	}
	picture, err := e.ImageVector(t.Context(), image.NewGray(image.Rect(0, 0, 9, 5)))
	if err != nil || picture.CLIP != "h" || !slices.Equal(picture.Values, []float32{0.6, 0.8}) {
		t.Errorf("image: got %+v and %v, want 0.6, 0.8 of h", picture, err)
	}
	if want := []int{1, 3, 8, 8}; !slices.Equal(f.pixels.Shape, want) {
		t.Errorf("pixels: got %v, want %v", f.pixels.Shape, want)
	}
}

// TestTokens: a text is framed, filled up, and cut where it is too long.
func TestTokens(t *testing.T) {
	t.Parallel()
	const begin, end = 49406, 49407
	for text, want := range map[string][]int32{
		"":                       {begin, end, end, end, end, end},
		"a cat":                  {begin, 320, 2368, end, end, end},
		"a cat a cat a cat":      {begin, 320, 2368, 320, 2368, end},
		"A  CAT":                 {begin, 320, 2368, end, end, end},
		"(a cat:1.2)":            {begin, 263, 320, 2368, 281, end}, // weights are words here: nothing is emphasised
		strings.Repeat("a ", 99): {begin, 320, 320, 320, 320, end},
	} {
		f := &fake{out: []float32{3, 4}}
		_, err := newEncoder(t, f).TextVector(t.Context(), text)
		if err != nil || len(f.ids) != 1 || !slices.Equal(f.ids[0], want) {
			t.Errorf("%.20q: got %v and %v, want %v", text, f.ids, err, want)
		}
	}
}

func TestVectorFaults(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		fake fake
		hash string
		want string
	}{
		"a run that fails":         {fake{err: broken}, "h", "broken"},
		"no direction":             {fake{out: []float32{0, 0}}, "h", "without a direction"},
		"not a number":             {fake{out: []float32{nan, 1}}, "h", "without a direction"},
		"infinity":                 {fake{out: []float32{float32(math.Inf(1)), 1}}, "h", "without a direction"},
		"another width":            {fake{out: []float32{1, 2, 3}}, "h", "[1 3], want [1,2]"},
		"a CLIP without its hash":  {fake{out: []float32{3, 4}}, "", "not hashed"},
		"an image without a pixel": {fake{out: []float32{3, 4}}, "h", "empty image"},
	} {
		e := newEncoder(t, &c.fake)
		e.Model.Hash = c.hash
		_, err := e.TextVector(t.Context(), "a")
		if strings.HasPrefix(name, "an image") {
			_, err = e.ImageVector(t.Context(), image.NewGray(image.Rectangle{}))
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error that tells: %s", name, err, c.want)
		}
	}
}

func TestShares(t *testing.T) {
	t.Parallel()
	m := &Model{Scale: 100}
	got := m.Shares([]float64{0.25, 0.25, 0.2})
	want := []float64{0.49832, 0.49832, 0.00336} // of exp(0), exp(0) and exp(-5)
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-5 {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	if got := m.Shares(nil); got != nil {
		t.Errorf("of nothing: got %v, want nothing", got)
	}
}
