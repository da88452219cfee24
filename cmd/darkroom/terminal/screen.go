package terminal

import (
	"cmp"
	"os"

	"golang.org/x/term"
)

// Is tells whether f is a terminal.
func Is(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// Screen is the size of a terminal.
type Screen struct {
	Columns, Rows         int
	CellWidth, CellHeight int // of a character in pixels
}

// The size of a terminal that tells none: of a VT100, and of a common font.
const (
	fallbackColumns, fallbackRows         = 80, 24
	fallbackCellWidth, fallbackCellHeight = 10, 20
)

// ScreenOf is the size of the terminal f now. People resize windows, so ask each time.
func ScreenOf(f *os.File) Screen {
	columns, rows, err := term.GetSize(int(f.Fd()))
	if err != nil {
		columns, rows = 0, 0
	}
	s := Screen{Columns: cmp.Or(columns, fallbackColumns), Rows: cmp.Or(rows, fallbackRows)}
	s.CellWidth, s.CellHeight = fallbackCellWidth, fallbackCellHeight
	if width, height := pixels(f); columns > 0 && rows > 0 && width >= columns && height >= rows {
		s.CellWidth, s.CellHeight = width/columns, height/rows
	}
	return s
}
