package config

import (
	"os"
	"strings"
	"testing"
)

func TestFaultsNameTheFix(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"draw a --dialect comfy": "--dialect comfy: want diffusers, a1111",
		"draw a --show crayon":   "--show crayon: want auto, kitty, iterm2, sixel, blocks, none",
		"draw":                   `the prompt is missing, as in: darkroom draw "a red boat on a blue sea"`,
		"prompt":                 `the prompt is missing, as in: darkroom prompt "a red boat on a blue sea"`,
		"draw a red boat": "“red” is one word too many: put the whole prompt in quotes, as in: " +
			`darkroom draw "a red boat on a blue sea"`,
		"draw a --count many": "--count many: want a whole number",
		"draw a --steps 1.5":  "--steps 1.5: want a whole number",
		"draw a --cfg high":   "--cfg high: want a number",
		"up boat":             "unexpected argument boat",
		"drew":                `unexpected argument drew, did you mean "draw"?`,
	} {
		_, err := Load(Sources{
			Args: strings.Fields(args), Getenv: func(string) string { return "" }, ReadFile: os.ReadFile, Help: os.Stderr,
		})
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %q", args, err, want)
		}
	}
}
