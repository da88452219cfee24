//go:build cgo

package main

import (
	"image"
	"io"
	"time"

	"darkroom/cmd/darkroom/terminal"
	"darkroom/config"
)

// newBar is the progress of draw on stderr: a bar on a terminal, a line now and then elsewhere, nothing beside --json.
func newBar(s environment, d config.Draw) *terminal.Bar {
	b := &terminal.Bar{W: s.stderr, Now: time.Now}
	switch {
	case d.JSON:
		b.W = io.Discard
	case s.errScreen != nil && s.getenv("TERM") != "dumb":
		b.Width = func() int { return s.errScreen().Columns }
	}
	return b
}

// The largest box of character cells that an image is shown in: a square of half blocks at a size that shows what it
// is of. Several images get half of it each.
const showColumns, showRows = 64, 32

// show shows an image on the terminal that stdout is, in the way that was asked for or that the terminal can.
func show(s environment, d config.Draw, img image.Image) error {
	if s.outScreen == nil || d.JSON {
		return nil
	}
	how := terminal.Graphics(d.Show)
	if d.Show == "auto" {
		how = terminal.Detect(s.getenv)
	}
	columns, rows := showColumns, showRows
	if d.Count > 1 {
		columns, rows = columns/2, rows/2
	}
	return terminal.Show(s.stdout, img, how, s.outScreen(), columns, rows)
}
