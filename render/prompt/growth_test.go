package prompt_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"darkroom/render/prompt/dynamic"
)

// lengthVar sets the length of the prompts of TestReadsAwkwardPrompts.
const lengthVar = "DARKROOM_PROMPT_LENGTH"

// TestReadsAwkwardPrompts reads prompts of one awkward piece each, whose length TestWorkGrowsWithTheLength chooses.
func TestReadsAwkwardPrompts(t *testing.T) {
	t.Parallel()
	length, _ := strconv.Atoi(os.Getenv(lengthVar))
	length = max(length, 1000)
	for _, piece := range append(awkwardPieces, "}", "{a|", "{a,", "__a", "{2$$", "_", "{}", "$$", "{{a|b},", "{a|b} ") {
		text := strings.Repeat(piece, length/len(piece))
		for _, read := range readers {
			read(text)
			read(text + strings.Repeat(")]", length/8))
		}
		open := text[:len(text)*2/5] // what is longer is refused
		for _, s := range []string{open, open + "x" + strings.Repeat("}", len(open)/4)} {
			_, _ = dynamic.Expand(t.Context(), []string{s}, 1, dynamic.Folder{}, 1)
		}
	}
}

// TestWorkGrowsWithTheLength counts how often each piece of the readers' code runs over prompts of one length, and of
// four times that: none may run much more than four times as often. The lengths are such that as many brackets stand
// open as ever may.
func TestWorkGrowsWithTheLength(t *testing.T) {
	t.Parallel()
	small, large := countRuns(t, 8000), countRuns(t, 32000)
	if len(small) < 100 {
		t.Errorf("got %d pieces of code, want all of the readers'", len(small))
	}
	for at, n := range large {
		if most := 5*small[at] + 2000; n > most {
			t.Errorf("%s: ran %d times and, over prompts four times as long, %d times, want at most %d", at, small[at], n, most)
		}
	}
}

// countRuns reads prompts of a length in a process that counts, and returns how often each piece of code ran.
func countRuns(t *testing.T, length int) map[string]int {
	t.Helper()
	profile := filepath.Join(t.TempDir(), "profile")
	cmd := exec.CommandContext(
		t.Context(), "go", "test", "-run", "^TestReadsAwkwardPrompts$", "-count=1", "-covermode=count",
		"-coverpkg=darkroom/render/prompt/...", "-coverprofile="+profile, ".",
	)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", lengthVar, length))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go test: %v\n%s", err, out)
	}
	data, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	work := map[string]int{}
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line) // place, statements, runs
		if len(f) != 3 {
			continue
		}
		if work[f[0]], err = strconv.Atoi(f[2]); err != nil {
			t.Fatal(err)
		}
	}
	return work
}
