package phrase

import "testing"

func TestLists(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Or[string](nil).String(), ""},
		{Or([]string{"100% wool"}).String(), "100% wool"},
		{Or([]string{"a", "b"}).String(), "a or b"},
		{And([]Phrase{Of("the %s", "a"), Of("b"), Of("c"), Of("d")}).String(), "the a, b, c and d"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
