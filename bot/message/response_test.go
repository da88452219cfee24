package message

import (
	"reflect"
	"testing"
)

func TestChoicesHaveVisibleNames(t *testing.T) {
	t.Parallel()
	in := []Choice{{"\u200b", "a"}, {"boat", "b"}, {" \n", "c"}, {"\u2800", "d"}, {"", "e"}, {".", "f"}}
	got := Choices(in).data
	if want := map[string][]Choice{"choices": {{"boat", "b"}, {".", "f"}}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if in[0].Value != "a" || in[5].Value != "f" {
		t.Errorf("the list that was given is now %v", in)
	}
	if got := Choices(nil).data; !reflect.DeepEqual(got, map[string][]Choice{"choices": {}}) {
		t.Errorf("nothing to suggest: got %v, want an empty list", got)
	}
	if got := Choices(make([]Choice, 40)).data.(map[string][]Choice)["choices"]; len(got) != 0 {
		t.Errorf("40 without a name: got %d", len(got))
	}
}
