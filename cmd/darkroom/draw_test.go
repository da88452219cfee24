//go:build cgo

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/cmd/darkroom/terminal"
	"darkroom/config"
	"darkroom/render/encode"
	"darkroom/render/folder"
)

// drawDemo calls draw with the demo model, in few steps.
func drawDemo(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	needRuntime(t)
	return call(t, append([]string{"draw", "a red boat on a blue sea", "--model", sourceDemo, "--steps", "3"}, args...)...)
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func fileNames(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestDraw(t *testing.T) {
	t.Parallel()
	t.Run("writes a picture that knows how it was made, the same one each time", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		a, b := filepath.Join(dir, "a.png"), filepath.Join(dir, "b.png")
		for _, path := range []string{a, b} {
			if code, stdout, stderr := drawDemo(t, "--seed", "7", "--out", path); code != exitOK || stdout != path+"\n" {
				t.Fatalf("got %d, %q and %q", code, stdout, stderr)
			}
		}
		if !bytes.Equal(readFile(t, a), readFile(t, b)) {
			t.Errorf("two pictures of one Spec differ")
		}
		r, err := encode.ReadParameters(readFile(t, a))
		if err != nil || r.Seed != 7 || r.Steps != 3 || r.Prompt != "a red boat on a blue sea" || r.Width != 128 {
			t.Errorf("got %+v and %v", r, err)
		}
	})
	t.Run("tells of each picture in JSON", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		code, stdout, stderr := drawDemo(t, "--seed", "7", "--count", "5", "--size", "160x112", "--out", dir, "--json")
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		if code != exitOK || len(lines) != 5 {
			t.Fatalf("got %d, %q and %q, want five lines", code, stdout, stderr)
		}
		for i, line := range lines {
			var d drawResult
			if err := json.Unmarshal([]byte(line), &d); err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(bytes.NewReader(readFile(t, d.File)))
			if err != nil || img.Bounds() != image.Rect(0, 0, 160, 112) || d.Width != 160 || d.Height != 112 ||
				d.Seed != 7+int64(i) {
				t.Errorf("got %+v and %v", d, err)
			}
			for _, stage := range []string{"load", "encode", "denoise", "decode"} {
				if _, ok := d.Seconds[stage]; !ok {
					t.Errorf("seconds: got %v, want %s among them", d.Seconds, stage)
				}
			}
		}
		if names := fileNames(t, dir); len(names) != 5 || !slices.Contains(names, "11-a-red-boat-on-a-blue-sea.png") {
			t.Errorf("got files %v", names)
		}
	})
	t.Run("paints on from its own picture, and from latents", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		first, next, latents := filepath.Join(dir, "first.png"), filepath.Join(dir, "next.png"), filepath.Join(dir, "l.npy")
		mask := filepath.Join(dir, "mask.png")
		writePNG(t, mask, color.White)
		for _, args := range [][]string{
			{"--seed", "7", "--out", first, "--save-latents", latents},
			{"--seed", "8", "--init", first, "--strength", "0.7", "--out", next},
			{"--seed", "8", "--init", first, "--mask", mask, "--strength", "0.7", "--out", next},
			{"--latents", latents, "--sampler", "euler_a", "--out", next},
			{"--clip-skip", "2", "--out", next},
			{"--tile", "--emphasis", "no_norm", "--notation", "midjourney", "--out", next},
			{"--dialect", "a1111", "--sampler", "DPM++ 2S a Karras", "--eta", "0.5", "--ensd", "31337", "--seed-size", "96x64",
				"--out", next},
			{"--sampler", "ddim", "--eta", "0.5", "--rescale", "0.7", "--out", next},
			{"--dialect", "a1111", "--sampler", "euler", "--negative", "house", "--cfg", "3.5", "--out", next},
		} {
			if code, stdout, stderr := drawDemo(t, append(args, "--force")...); code != exitOK {
				t.Fatalf("%v: got %d, %q and %q", args, code, stdout, stderr)
			}
		}
		if got := fileNames(t, dir); len(got) != 4 {
			t.Errorf("got files %v, want four", got)
		}
	})
	t.Run("names words the model never saw", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		needRuntime(t)
		code, _, stderr := call(t, "draw", "a red dragon", "--model", sourceDemo, "--steps", "1", "--out", dir)
		if code != exitOK || !strings.Contains(stderr, "hint:") || !strings.Contains(stderr, "dragon") ||
			strings.Contains(stderr, "red,") || !strings.Contains(stderr, "Try “a red boat") || strings.Contains(stderr, "[") {
			t.Errorf("got %d and %q, want a hint about dragon alone, with examples in a sentence", code, stderr)
		}
	})
}

func TestDrawNamesFiles(t *testing.T) {
	t.Parallel()
	t.Run("under the very name that was asked for, in place of what was there if told to", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "Up.PNG")
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := drawDemo(t, "--steps", "1", "--out", path)
		want := "darkroom: --out " + path + ": there is such a file; add --force to replace it, or choose another name\n"
		if code != exitFailure || stdout != "" || stderr != want || string(readFile(t, path)) != "mine" {
			t.Fatalf("got %d, %q and %q, want %q", code, stdout, stderr, want)
		}
		code, stdout, stderr = drawDemo(t, "--steps", "1", "--out", path, "--force")
		if code != exitOK || stdout != path+"\n" || !bytes.HasPrefix(readFile(t, path), []byte("\x89PNG")) {
			t.Fatalf("got %d, %q and %q, want %s", code, stdout, stderr, path)
		}
		if got := fileNames(t, filepath.Dir(path)); !slices.Equal(got, []string{"Up.PNG"}) {
			t.Errorf("got files %v, want Up.PNG alone", got)
		}
	})
	t.Run("several beside what is there", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		mine := filepath.Join(dir, "a-1.png")
		if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, stdout, stderr := drawDemo(t, "--steps", "1", "--count", "2", "--out",
			filepath.Join(dir, "a.png")); code != exitOK {
			t.Fatalf("got %d, %q and %q", code, stdout, stderr)
		}
		if got := fileNames(t, dir); !slices.Equal(got, []string{"a-1.png", "a-2.png", "a-3.png"}) ||
			string(readFile(t, mine)) != "mine" {
			t.Errorf("got files %v, want a-1.png as it was and two more", got)
		}
	})
}

func TestDrawHints(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	code, _, stderr := drawDemo(t, "--steps", "1", "--out", dir, "--negative", "<hypernet:fog>")
	want := "note: Ignored in the negative prompt: <hypernet:fog>. Add-ons belong in the prompt.\n"
	if code != exitOK || stderr != want {
		t.Errorf("got %d and %q, want %q", code, stderr, want)
	}
}

func TestDrawReadsFlagsInThePrompt(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	path := filepath.Join(t.TempDir(), "a.png")
	args := []string{
		"draw",
		"a red boat --ar 3:2 --no fog --seed 5 --steps 2 --chaos 3",
		"--seed",
		"9",
		"--cfg",
		"99",
		"--model",
		sourceDemo,
		"--out",
		path,
	}
	code, stdout, stderr := call(t, args...)
	want := "note: Unknown flag --chaos 3 was ignored. Choices such as {red|blue} or --repeat make the images differ more.\n" +
		"note: --seed 5 was ignored: an option already sets that.\n" +
		"note: Guidance scale set to 30. Possible: 0 to 30.\n"
	if code != exitOK || stdout != path+"\n" || stderr != want {
		t.Fatalf("got %d, %q and %q, want a picture and %q", code, stdout, stderr, want)
	}
	r, err := encode.ReadParameters(readFile(t, path))
	if err != nil || r.Prompt != "a red boat" || r.Negative != "fog" || r.Seed != 9 || r.Steps != 2 || r.Width != 160 ||
		r.Height != 112 ||
		r.GuidanceScale != 30 {
		t.Errorf("got %+v and %v, want the flags in the prompt, and the command line's seed", r, err)
	}
}

func TestDrawTakesARandomSeed(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	seeds := map[int64]bool{}
	for range 2 {
		path := filepath.Join(t.TempDir(), "a.png")
		if code, _, stderr := drawDemo(t, "--steps", "1", "--seed", "-1", "--out", path); code != exitOK || stderr != "" {
			t.Fatalf("got %d and %q", code, stderr)
		}
		r, err := encode.ReadParameters(readFile(t, path))
		if err != nil {
			t.Fatal(err)
		}
		seeds[r.Seed] = true
	}
	if len(seeds) != 2 {
		t.Errorf("got the seeds %v, want two", seeds)
	}
}

func TestDrawLeavesTheDefaultNegative(t *testing.T) {
	t.Parallel()
	none, fog := "", "fog"
	for _, c := range []struct {
		asked *string
		want  string
	}{{nil, "card"}, {&none, ""}, {&fog, "fog"}} {
		o := drawRequest{settings: config.Draw{Prompt: "a boat", Negative: c.asked, Count: 1}, folder: &folder.Model{}}
		o.folder.Card.Defaults.Negative = "card"
		o.folder.Config.SizeMultiple = 8
		if err := o.resolve(t.Context()); err != nil || o.spec.Negative != c.want {
			t.Errorf("got %q and %v, want %q", o.spec.Negative, err, c.want)
		}
	}
	settings, err := config.Load(
		config.Sources{
			Args:     []string{"draw", "a boat", "--negative", ""},
			Getenv:   func(string) string { return "" },
			ReadFile: os.ReadFile,
		},
	)
	if got := settings.Draw.Negative; err != nil || got == nil || *got != "" {
		t.Errorf("--negative \"\": got %v and %v, want an empty text", got, err)
	}
}

// interruptingTerminal is a terminal whose user interrupts, if at all, at the first sign of progress.
type interruptingTerminal struct {
	bytes.Buffer
	interrupts bool
	stop       context.CancelCauseFunc
}

func (s *interruptingTerminal) Write(p []byte) (int, error) {
	if s.interrupts && bytes.Contains(p, []byte("1 of 3 steps")) {
		s.stop(errors.New("told to stop"))
	}
	return s.Buffer.Write(p)
}

func TestDrawShowsProgressOnATerminal(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	for name, c := range map[string]struct {
		stop bool
		want string
	}{
		"and clears it before the pictures": {false, "[██████████████████████████████] 3 of 3 steps\r\x1b[K"},
		"and clears it before a fault":      {true, "1 of 3 steps\r\x1b[Kdarkroom: told to stop\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			errs := &interruptingTerminal{interrupts: c.stop, stop: cancel}
			args := []string{"draw", "a red boat", "--model", sourceDemo, "--steps", "3", "--out", t.TempDir()}
			run(
				ctx,
				environment{
					args:      args,
					getenv:    func(string) string { return "" },
					stdout:    io.Discard,
					stderr:    errs,
					errScreen: func() terminal.Screen { return terminal.Screen{Columns: 80, Rows: 24} },
				},
			)
			if got := errs.String(); !strings.HasPrefix(got, "\r\x1b[Kloading the model postcards\r\x1b[K") ||
				!strings.HasSuffix(got, c.want) {
				t.Errorf("got %q, want %q at its end", got, c.want)
			}
		})
	}
}

func TestDrawInterrupted(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("told to stop"))
	var out, errs bytes.Buffer
	args := []string{"draw", "a boat", "--model", sourceDemo, "--out", filepath.Join(dir, "a.png")}
	code := run(ctx, environment{args: args, getenv: func(string) string { return "" }, stdout: &out, stderr: &errs})
	if code != exitFailure || out.Len() > 0 || !strings.HasSuffix(errs.String(), "told to stop\n") {
		t.Errorf("got %d, %q and %q, want the reason and no picture", code, &out, &errs)
	}
	if left := fileNames(t, dir); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}

func writePNG(t *testing.T, path string, c color.Color) {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	for i := range 256 {
		img.Set(i%16, i/16, c)
	}
	data, err := encode.PNG(img, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
