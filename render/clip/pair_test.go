package clip_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"darkroom/render/clip"
)

func TestRefill(t *testing.T) {
	t.Parallel()
	words := &clip.Tokenizer{BOS: 8, EOS: 9, Pad: 9}
	for _, c := range []struct{ ids, want []int32 }{
		{[]int32{8, 1, 2, 9, 9, 9}, []int32{8, 1, 2, 9, 0, 0}},
		{[]int32{8, 1, 2, 3, 4, 9}, []int32{8, 1, 2, 3, 4, 9}},
		{[]int32{8, 9, 9, 9, 9, 9}, []int32{8, 9, 0, 0, 0, 0}},
		{[]int32{8, 1, 1, 1, 1, 1}, []int32{8, 1, 1, 1, 1, 1}},
	} {
		given := slices.Clone(c.ids)
		if got := words.Refill(c.ids, 0); !slices.Equal(got, c.want) || !slices.Equal(given, c.ids) {
			t.Errorf("%v: got %v, want %v, and the given ids left alone", c.ids, got, c.want)
		}
	}
}

func TestSameWords(t *testing.T) {
	t.Parallel()
	with := func(name, data string) *clip.Tokenizer {
		fsys, _ := letters(t)
		if name != "" {
			fsys[name] = &fstest.MapFile{Data: []byte(data)}
		}
		return open(t, fsys)
	}
	first := with("", "")
	if !first.SameWords(with("special_tokens_map.json", `{"pad_token":"a</w>"}`)) {
		t.Error("another filler: got different words, want the same")
	}
	if first.SameWords(with("tokenizer_config.json", `{"model_max_length":50}`)) {
		t.Error("another length: got the same words")
	}
	if first.SameWords(with("merges.txt", "#version: 0.2\n")) {
		t.Error("no merges: got the same words")
	}
}
