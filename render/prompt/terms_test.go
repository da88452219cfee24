package prompt

import (
	"slices"
	"testing"
)

func TestCompose(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]Term{
		"a cat":                  {{"a cat", 1}},
		"a cat AND a dog":        {{"a cat", 1}, {" a dog", 1}},
		"a cat :1.2 AND b : -.5": {{"a cat", 1.2}, {" b", -0.5}},
		"SAND AND LAND:2.":       {{"SAND", 1}, {" LAND", 2}},
		"a and b":                {{"a and b", 1}},
		"(a:1.2)":                {{"(a:1.2)", 1}},
		"AND":                    {{"", 1}, {"", 1}},
	} {
		if got := Current.Compose(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}
