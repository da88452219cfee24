package terminal

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// run shows ten steps of two seconds each, and then clears the bar.
func run(width func() int) string {
	now := time.Unix(0, 0)
	var out strings.Builder
	b := Bar{W: &out, Width: width, Now: func() time.Time { return now }}
	b.Say("loading the model postcards")
	for step := 1; step <= 10; step++ {
		b.Step(step, 10)
		now = now.Add(2 * time.Second)
	}
	b.Clear()
	b.Clear()
	return out.String()
}

func TestBar(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		width int
		want  []string // lines that are shown, in this order
	}{
		"a wide terminal": {80, []string{
			"loading the model postcards", "[███░░░░░░░░░░░░░░░░░░░░░░░░░░░] 1 of 10 steps",
			"[██████░░░░░░░░░░░░░░░░░░░░░░░░] 2 of 10 steps, 16 s left",
			"[██████████████████████████████] 10 of 10 steps",
		}},
		"a narrow terminal":      {48, []string{"[████████░░] 8 of 10 steps, 4 s left"}},
		"no room for a bar":      {28, []string{"8 of 10 steps, 4 s left"}},
		"no room for all words":  {12, []string{"8 of 10 ste"}},
		"a terminal of no width": {0, []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(func() int { return c.width })
			rest := got
			for _, want := range c.want {
				_, after, found := strings.Cut(rest, clearLine+want+clearLine)
				if !found {
					t.Fatalf("got %q, want %q in it", got, want)
				}
				rest = clearLine + after
			}
			if rest != clearLine && c.width == 80 {
				t.Errorf("after the last step: got %q, want an empty line", rest)
			}
			for line := range strings.SplitSeq(got, clearLine) {
				if n := utf8.RuneCountInString(line); n > max(0, c.width-1) {
					t.Errorf("%q has %d columns of %d", line, n, c.width)
				}
			}
		})
	}
}

func TestBarWithoutATerminal(t *testing.T) {
	t.Parallel()
	want := "6 of 10 steps, 8 s left\n"
	if got := run(nil); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBarOfBytes(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	var out strings.Builder
	b := Bar{W: &out, Width: func() int { return 80 }, Now: func() time.Time { return now }}
	for _, done := range []int64{1e6, 21e6, 401e6, 2401e6} { // the first megabyte was there before
		b.Bytes(done, 2401e6)
		now = now.Add(2 * time.Second)
	}
	want := []string{
		"", "[░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░] 1.0 MB of 2.4 GB",
		"[░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░] 21.0 MB of 2.4 GB, 3 min 58 s left",
		"[█████░░░░░░░░░░░░░░░░░░░░░░░░░] 401.0 MB of 2.4 GB, 20 s left",
		"[██████████████████████████████] 2.4 GB of 2.4 GB",
	}
	if got := strings.Split(out.String(), clearLine); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestTimeLeft(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		time.Millisecond: "1 s left", 59 * time.Second: "59 s left", 61 * time.Second: "1 min 1 s left",
		time.Hour - time.Millisecond: "1 h 0 min left", 90 * time.Minute: "1 h 30 min left",
	} {
		if got := timeLeft(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}
