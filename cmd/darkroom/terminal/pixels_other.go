//go:build !unix

package terminal

import "os"

// pixels is unknown on systems without TIOCGWINSZ.
func pixels(*os.File) (width, height int) { return 0, 0 }
