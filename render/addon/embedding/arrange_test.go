package embedding

import (
	"slices"
	"strings"
	"testing"

	"darkroom/render/clip"
	"darkroom/render/tensor"
	"darkroom/render/weightname"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	first, second := weightname.TextEncoder, weightname.TextEncoder2
	rows := func(n, width int, x float32) tensor.Tensor {
		r := tensor.New(n, width)
		for i := range r.Data {
			r.Data[i] = x
		}
		return r
	}
	kite := Named{"kite", Embedding{Rows: map[string]tensor.Tensor{first: rows(2, 3, 1), second: rows(2, 5, 2)}}}
	red := Named{"red", Embedding{Rows: map[string]tensor.Tensor{first: rows(1, 3, 3), second: rows(1, 5, 4)}}}
	p, err := Place([]Named{kite, red}, map[string]int{first: 100, second: 90}, map[string]int{first: 3, second: 5})
	if err != nil {
		t.Fatal(err)
	}
	if want := []clip.Word{{Text: "kite", First: 100, Vectors: 2},
		{Text: "red", First: 102, Vectors: 1}}; !slices.Equal(p.Words[first], want) {
		t.Errorf("got %v, want %v", p.Words[first], want)
	}
	if got := p.Words[second][1]; got != (clip.Word{Text: "red", First: 92, Vectors: 1}) {
		t.Errorf("got %v, want red at 92", got)
	}
	if got := p.Rows[first]; !slices.Equal(got.Shape, []int{3, 3}) ||
		!slices.Equal(got.Data, []float32{1, 1, 1, 1, 1, 1, 3, 3, 3}) {
		t.Errorf("got %v, want two rows of kite and one of red", got)
	}
	if got := p.Rows[second].Shape; !slices.Equal(got, []int{3, 5}) {
		t.Errorf("got rows of %v for the second encoder, want [3 5]", got)
	}
	if !slices.Equal(kite.Rows[first].Shape, []int{2, 3}) {
		t.Error("the embedding itself was changed")
	}
	small := Named{"small", Embedding{Rows: map[string]tensor.Tensor{first: rows(1, 2, 0)}}}
	_, err = Place([]Named{small}, map[string]int{first: 100}, map[string]int{first: 3})
	if err == nil || !strings.Contains(err.Error(), "“small” has vectors of 2 numbers, and this model's have 3") {
		t.Errorf("got %v, want that small does not fit", err)
	}
	if p, err := Place(nil, nil, nil); err != nil || len(p.Rows) != 0 {
		t.Errorf("none: got %v, %v", p, err)
	}
}
