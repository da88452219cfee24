package supervise

import (
	"os"

	"darkroom/render/filehash"
)

// writtenTo returns the path of a file that was written to since it was opened. Weights are mapped into memory, so a
// process dies if such a file is cut short. A file that another one replaced is unchanged: the process has the old one.
func writtenTo(files []filehash.File) (path string, found bool) {
	for _, f := range files {
		info, err := os.Stat(f.Path)
		if err != nil {
			continue
		}
		if now := filehash.StampOf(info); now.Inode == f.Inode && !f.Same(now) {
			return f.Path, true
		}
	}
	return "", false
}
