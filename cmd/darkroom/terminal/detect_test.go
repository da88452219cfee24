package terminal

import (
	"maps"
	"testing"
)

func TestDetect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  map[string]string
		want Graphics
	}{
		"kitty":               {map[string]string{"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1", "COLORTERM": "truecolor"}, Kitty},
		"kitty over ssh":      {map[string]string{"TERM": "xterm-kitty"}, Kitty},
		"ghostty":             {map[string]string{"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}, Kitty},
		"iTerm2":              {map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, ITerm2},
		"iTerm2 over ssh":     {map[string]string{"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, ITerm2},
		"WezTerm":             {map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, ITerm2},
		"foot":                {map[string]string{"TERM": "foot", "COLORTERM": "truecolor"}, Sixel},
		"Windows Terminal":    {map[string]string{"WT_SESSION": "1-2"}, Sixel},
		"Konsole":             {map[string]string{"TERM": "xterm-256color", "KONSOLE_VERSION": "220401"}, Sixel},
		"an old Konsole":      {map[string]string{"TERM": "xterm-256color", "KONSOLE_VERSION": "210800", "COLORTERM": "truecolor"}, Blocks},
		"GNOME's":             {map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor"}, Blocks},
		"VS Code":             {map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor", "TERM_PROGRAM": "vscode"}, Blocks},
		"Apple's":             {map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, Few},
		"tmux in kitty":       {map[string]string{"TERM": "tmux-256color", "TMUX": "/x,1,0", "KITTY_WINDOW_ID": "1", "COLORTERM": "truecolor"}, Blocks},
		"screen in iTerm2":    {map[string]string{"TERM": "screen.xterm-256color", "STY": "1.x", "LC_TERMINAL": "iTerm2"}, Few},
		"a plain xterm":       {map[string]string{"TERM": "xterm"}, None},
		"a dumb one":          {map[string]string{"TERM": "dumb", "COLORTERM": "truecolor"}, None},
		"the Linux console":   {map[string]string{"TERM": "linux"}, None},
		"none that is known":  {nil, None},
		"no colour is wanted": {map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, None},
	} {
		env := maps.Clone(c.env)
		if got := Detect(func(key string) string { return env[key] }); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}
