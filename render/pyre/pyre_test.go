package pyre_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"testing"

	"darkroom/render/pyre"
)

// ranges are inclusive ranges of code points.
type ranges [][2]rune

// classes is what recipe/classes.py recorded.
type classes struct {
	Unicode                      string
	Assigned, Space, Word, Digit ranges
	Values                       map[string]rune
}

func (rs ranges) runes() map[rune]bool {
	all := map[rune]bool{}
	for _, r := range rs {
		for c := r[0]; c <= r[1]; c++ {
			all[c] = true
		}
	}
	return all
}

func recorded(t *testing.T) (c classes) {
	t.Helper()
	data, err := os.ReadFile("testdata/classes.json")
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestClasses compares each character that Unicode had when the record was made.
func TestClasses(t *testing.T) {
	t.Parallel()
	c := recorded(t)
	space, word, digit := c.Space.runes(), c.Word.runes(), c.Digit.runes()
	spaces, words, digits := regexp.MustCompile(pyre.Space), regexp.MustCompile(pyre.Word), regexp.MustCompile(pyre.Digit)
	faults := 0
	for r := range c.Assigned.runes() {
		text := string(r)
		if pyre.IsSpace(r) != space[r] || spaces.MatchString(text) != space[r] ||
			pyre.IsWord(r) != word[r] || words.MatchString(text) != word[r] || digits.MatchString(text) != digit[r] {
			t.Errorf("%U: got blank %v, word %v, digit %v, want %v, %v, %v (Unicode %s)", r, pyre.IsSpace(r), pyre.IsWord(r),
				digits.MatchString(text), space[r], word[r], digit[r], c.Unicode)
			if faults++; faults > 20 {
				t.FailNow()
			}
		}
	}
}

func TestASCIIDigits(t *testing.T) {
	t.Parallel()
	for code, value := range recorded(t).Values {
		r, err := strconv.ParseInt(code, 0, 32)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := pyre.ASCIIDigits(string(rune(r))), string('0'+value); got != want {
			t.Errorf("%U: got %s, want %s", r, got, want)
		}
	}
	if f, err := pyre.ParseFloat("-１.٥"); err != nil || f != -1.5 {
		t.Errorf("got %v, %v, want -1.5", f, err)
	}
	if n, err := pyre.Atoi("１２"); err != nil || n != 12 {
		t.Errorf("got %d, %v, want 12", n, err)
	}
}
