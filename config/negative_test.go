package config

import (
	"slices"
	"testing"
)

func TestJoinNegativeNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want []string }{
		{[]string{"draw", "a boat", "--seed", "-1", "--cfg", "-2.5"}, []string{"draw", "a boat", "--seed=-1", "--cfg=-2.5"}},
		{[]string{"draw", "--negative", "-o", "x"}, []string{"draw", "--negative", "-o", "x"}},
		{[]string{"draw", "--seed=3", "-1"}, []string{"draw", "--seed=3", "-1"}},
		{[]string{"draw", "--", "--seed", "-1"}, []string{"draw", "--", "--seed", "-1"}},
		{[]string{"--seed"}, []string{"--seed"}},
		{nil, nil},
	} {
		if got := joinNegativeNumbers(c.args); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.args, got, c.want)
		}
	}
}
