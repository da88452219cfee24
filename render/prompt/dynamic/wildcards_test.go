package dynamic_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"darkroom/render/prompt/dynamic"
)

// countingWildcards is a wildcard for each of some names, all of the same lines, that counts how often it is read.
type countingWildcards struct {
	names []string
	lines []string
	reads int
}

func (s *countingWildcards) Names() ([]string, error) { return s.names, nil }

func (s *countingWildcards) Lines(string) ([]string, error) {
	s.reads++
	return s.lines, nil
}

func TestExpandReadLimits(t *testing.T) {
	t.Parallel()
	big := slices.Repeat([]string{strings.Repeat("b", 1<<14)}, 64)
	for name, tt := range map[string]struct {
		text  string
		lines []string
		most  int // reads
	}{
		"bytes":                     {"__**__", big, 5},
		"bytes under several names": {"__a*__ __b*__ __c*__", big, 5},
		"lines":                     {"__**__", make([]string, 50_000), 5},
		"lines of one file, often":  {"__a1__ __A1__ __a1*__ __a*1__ __*a1__", make([]string, 50_000), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &countingWildcards{names: []string{"a1", "a2", "b1", "b2", "c1", "c2"}, lines: tt.lines}
			_, err := dynamic.Expand(t.Context(), []string{tt.text}, 1, s, 40)
			if !errors.Is(err, dynamic.ErrTooManyLines) || s.reads > tt.most {
				t.Errorf("got %v after %d reads, want ErrWide after at most %d", err, s.reads, tt.most)
			}
		})
	}
	s := &countingWildcards{names: []string{"a1", "a2"}, lines: []string{"x"}}
	if _, err := dynamic.Expand(t.Context(), []string{"__*__ __a*__ __a1__ __*__"}, 1, s, 40); err != nil || s.reads != 2 {
		t.Errorf("got %v after %d reads of two files, want each read once", err, s.reads)
	}
}

func TestExpandStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dynamic.Expand(ctx, []string{"{a|b}"}, 1, testWildcards(), 40); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that nobody waits any more", err)
	}
}

// TestSuggestsTheMeantWildcard sees that the wildcard that was meant is suggested first, however many others there are.
func TestSuggestsTheMeantWildcard(t *testing.T) {
	t.Parallel()
	all := &countingWildcards{names: []string{
		"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11", "jumbo/Creatures/adnd", "colours",
	}}
	for asked, want := range map[string]string{
		"creatures/adnd": "jumbo/Creatures/adnd", "ADND": "jumbo/Creatures/adnd", "colour": "colours", "colors": "colours",
		"nothing": "a1",
	} {
		var unknown *dynamic.UnknownError
		_, err := dynamic.Expand(t.Context(), []string{"{__" + asked + "__}"}, 1, all, 40)
		if !errors.As(err, &unknown) || unknown.Known[0] != want || len(unknown.Known) != 10 {
			t.Errorf("%s: got %v, %q; want ten, %s first", asked, err, unknown.Known, want)
		}
	}
}
