//go:build unix

package terminal

import (
	"os"

	"golang.org/x/sys/unix"
)

// pixels is the size of a terminal in pixels; 0 where it does not tell.
func pixels(f *os.File) (width, height int) {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0
	}
	return int(size.Xpixel), int(size.Ypixel)
}
