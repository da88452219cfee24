package terminal

import (
	"strings"
	"testing"
)

func TestDetect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  string // variables, divided by blanks
		want Graphics
	}{
		"kitty":               {"TERM=xterm-kitty KITTY_WINDOW_ID=1 COLORTERM=truecolor", Kitty},
		"kitty over ssh":      {"TERM=xterm-kitty", Kitty},
		"ghostty":             {"TERM=xterm-ghostty TERM_PROGRAM=ghostty", Kitty},
		"iTerm2":              {"TERM=xterm-256color TERM_PROGRAM=iTerm.app", ITerm2},
		"iTerm2 over ssh":     {"TERM=xterm-256color LC_TERMINAL=iTerm2", ITerm2},
		"WezTerm":             {"TERM=xterm-256color TERM_PROGRAM=WezTerm", ITerm2},
		"foot":                {"TERM=foot COLORTERM=truecolor", Sixel},
		"Windows Terminal":    {"WT_SESSION=1-2", Sixel},
		"Konsole":             {"TERM=xterm-256color KONSOLE_VERSION=220401", Sixel},
		"an old Konsole":      {"TERM=xterm-256color KONSOLE_VERSION=210800 COLORTERM=truecolor", Blocks},
		"GNOME's":             {"TERM=xterm-256color COLORTERM=truecolor", Blocks},
		"VS Code":             {"TERM=xterm-256color COLORTERM=truecolor TERM_PROGRAM=vscode", Blocks},
		"Apple's":             {"TERM=xterm-256color TERM_PROGRAM=Apple_Terminal", Few},
		"tmux in kitty":       {"TERM=tmux-256color TMUX=/x,1,0 KITTY_WINDOW_ID=1 COLORTERM=truecolor", Blocks},
		"screen in iTerm2":    {"TERM=screen.xterm-256color STY=1.x LC_TERMINAL=iTerm2", Few},
		"a plain xterm":       {"TERM=xterm", None},
		"a dumb one":          {"TERM=dumb COLORTERM=truecolor", None},
		"the Linux console":   {"TERM=linux", None},
		"none that is known":  {"", None},
		"no colour is wanted": {"TERM=xterm-256color COLORTERM=truecolor NO_COLOR=1", None},
	} {
		env := map[string]string{}
		for variable := range strings.FieldsSeq(c.env) {
			name, value, _ := strings.Cut(variable, "=")
			env[name] = value
		}
		if got := Detect(func(key string) string { return env[key] }); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}
