package prompt

import (
	"slices"
	"testing"
)

// TestCutComments has what strip_comments of A1111 1.10 gives, but for the number of line ends.
func TestCutComments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		rest     string
		comments []string
	}{
		"a boat":                    {"a boat", nil},
		"a boat # draft":            {"a boat ", []string{"# draft"}},
		"a C# developer, #hashtag":  {"a C", []string{"# developer, #hashtag"}},
		"# first\na boat":           {"a boat", []string{"# first"}},
		"a\n# b\nc # d\n#e\n\nf":    {"a\nc \n\nf", []string{"# b", "# d", "#e"}},
		"#ff0000":                   {"", []string{"#ff0000"}},
		`a \#1 boat # x`:            {`a \#1 boat `, []string{"# x"}},
		`a \\# x`:                   {`a \\`, []string{"# x"}},
		"a boat # draft --ar 3:2\n": {"a boat \n", []string{"# draft --ar 3:2"}},
		"＃ is not one":              {"＃ is not one", nil},
	} {
		rest, comments := CutComments(text)
		if rest != want.rest || !slices.Equal(comments, want.comments) {
			t.Errorf("%q: got %q without %q, want %q without %q", text, rest, comments, want.rest, want.comments)
		}
		if again, more := CutComments(rest); again != rest || more != nil {
			t.Errorf("%q: cut twice: got %q without %q", text, again, more)
		}
	}
	if got := Current.Parse(`\#1`); len(got) != 1 || got[0].Text != "#1" {
		t.Errorf("a plain # in the model's text: got %v", got)
	}
}
