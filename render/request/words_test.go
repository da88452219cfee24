package request

import (
	"reflect"
	"testing"
)

func TestUnknownWords(t *testing.T) {
	t.Parallel()
	got, no := Resolve(Wanted{Prompt: "a (RED:1.2) zebra in the night, Boat"}, postcards().Models[0], 1)
	if no != nil || !reflect.DeepEqual(got.UnknownWords, []string{"zebra"}) || len(got.Examples) != 3 {
		t.Errorf("got %q with %q, %v; want zebra with three examples", got.UnknownWords, got.Examples, no)
	}
	if got, _ := Resolve(Wanted{Prompt: "a zebra"}, anySize().Models[0], 1); got.UnknownWords != nil {
		t.Errorf("a model without a word list: got %q, want none unknown", got.UnknownWords)
	}
}

func TestInvisible(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": true, " \u00a0\u3000\t": true, "\u200b": true, "\u200d\ufe0f": true, "\u3164\u115f\u2800\u034f": true,
		"\U000e0041": true, "a\u200b": false, "❤\ufe0f": false, ".": false, "\u0301": false, "👨\u200d👩": false,
	} {
		if got := invisible(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}
