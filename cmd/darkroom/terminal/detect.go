package terminal

import (
	"strconv"
	"strings"
)

// Graphics is a way to show an image on a terminal.
type Graphics string

// The ways to show an image, as the setting names them.
const (
	None   Graphics = "none"
	Kitty  Graphics = "kitty"  // Kitty's graphics protocol
	ITerm2 Graphics = "iterm2" // iTerm2's inline images
	Sixel  Graphics = "sixel"  // DEC's sixels
	Blocks Graphics = "blocks" // a half block for two pixels, in two of 16.7 million colours
	Few    Graphics = "blocks256"
)

// konsoleGraphics is the first version of Konsole with sixels, as KONSOLE_VERSION writes it: 22.04.
const konsoleGraphics = 220400

// Detect returns the best that the terminal of this environment is known to show. A multiplexer (tmux, screen) has the
// variables of the terminal around it and passes none of the graphics on, so it gets half blocks.
//
// Which terminal knows what: https://sw.kovidgoyal.net/kitty/graphics-protocol/, https://iterm2.com/documentation-images.html,
// https://www.arewesixelyet.com. Where a terminal knows several, it is the one that its makers switch on by default.
func Detect(getenv func(string) string) Graphics {
	term := getenv("TERM")
	switch {
	case term == "" && getenv("WT_SESSION") == "", term == "dumb", term == "linux", strings.HasPrefix(term, "vt"):
		return None
	case getenv("TMUX") != "", getenv("STY") != "", hasPrefix(term, "tmux", "screen"):
		return blocks(getenv)
	case getenv("KITTY_WINDOW_ID") != "", term == "xterm-kitty", term == "xterm-ghostty":
		return Kitty
	case hasPrefix(term, "foot", "mlterm", "contour"), getenv("WT_SESSION") != "":
		return Sixel
	case getenv("LC_TERMINAL") == "iTerm2": // ssh carries LC_ variables
		return ITerm2
	}
	switch getenv("TERM_PROGRAM") {
	case "ghostty":
		return Kitty
	case "iTerm.app", "WezTerm", "mintty", "rio":
		return ITerm2
	}
	if version, err := strconv.Atoi(getenv("KONSOLE_VERSION")); err == nil && version >= konsoleGraphics {
		return Sixel
	}
	return blocks(getenv)
}

// blocks is half blocks in as many colours as the terminal says that it has: https://github.com/termstandard/colors.
// NO_COLOR (https://no-color.org) leaves none, and so no image.
func blocks(getenv func(string) string) Graphics {
	switch colors := getenv("COLORTERM"); {
	case getenv("NO_COLOR") != "":
		return None
	case colors == "truecolor", colors == "24bit", strings.HasSuffix(getenv("TERM"), "-direct"):
		return Blocks
	case strings.Contains(getenv("TERM"), "256color"):
		return Few
	}
	return None
}

func hasPrefix(text string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}
