package terminal

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"io"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/ansi/iterm2"
	"github.com/charmbracelet/x/ansi/kitty"
	"github.com/charmbracelet/x/ansi/sixel"
	"golang.org/x/image/draw"
)

// Show writes an image at most as large as a box of cells, and a line break after it.
func Show(w io.Writer, img image.Image, how Graphics, s Screen, columns, rows int) error {
	columns, rows = s.fit(img.Bounds().Size(), columns, rows)
	var b bytes.Buffer
	var err error
	switch how {
	case Kitty:
		err = kitty.EncodeGraphics(&b, img, &kitty.Options{
			Action: kitty.TransmitAndPut, Format: kitty.PNG, Transmission: kitty.Direct, Chunk: true,
			Columns: columns, Rows: rows,
			Quite: 2, // quiet, as that version spells it: an answer would be typed into the shell
		})
		b.WriteByte('\n')
	case ITerm2:
		err = writeITerm2(&b, img, columns, rows)
		b.WriteByte('\n')
	case Sixel:
		var data bytes.Buffer
		err = new(sixel.Encoder).Encode(&data, scaled(img, columns*s.CellWidth, rows*s.CellHeight))
		b.WriteString(ansi.SixelGraphics(0, 1, 0, data.Bytes()))
		b.WriteByte('\n')
	case Blocks, Few:
		writeBlocks(&b, scaled(img, columns, 2*rows), how)
	case None:
	default:
		err = fmt.Errorf("no graphics called %q", how)
	}
	if err != nil {
		return fmt.Errorf("show the image: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// fit is how many cells an image takes so that it fills one side of the box and keeps its shape.
func (s Screen) fit(size image.Point, columns, rows int) (int, int) {
	columns, rows = max(1, min(columns, s.Columns)), max(1, min(rows, s.Rows-2)) // the prompt stays in sight
	width, height := columns*s.CellWidth, rows*s.CellHeight
	if size.X*height > size.Y*width {
		height = size.Y * width / size.X
	} else {
		width = size.X * height / size.Y
	}
	return max(1, (width+s.CellWidth/2)/s.CellWidth), max(1, (height+s.CellHeight/2)/s.CellHeight)
}

func writeITerm2(b *bytes.Buffer, img image.Image, columns, rows int) error {
	var data bytes.Buffer
	if err := png.Encode(&data, img); err != nil {
		return err
	}
	b.WriteString(ansi.ITerm2(iterm2.File{
		Size: int64(data.Len()), Width: iterm2.Cells(columns), Height: iterm2.Cells(rows), Inline: true,
		Content: []byte(base64.StdEncoding.EncodeToString(data.Bytes())),
	}))
	return nil
}

func scaled(img image.Image, width, height int) *image.NRGBA {
	to := image.NewNRGBA(image.Rect(0, 0, width, height))
	draw.CatmullRom.Scale(to, to.Bounds(), img, img.Bounds(), draw.Src, nil)
	return to
}

// writeBlocks writes two rows of pixels as a line of upper half blocks: the character's colour is the upper pixel, its
// background the lower one.
func writeBlocks(b *bytes.Buffer, img *image.NRGBA, how Graphics) {
	size := img.Bounds().Size()
	for y := 0; y+1 < size.Y; y += 2 {
		last := ""
		for x := range size.X {
			colors := "\x1b[38;" + colorCode(img, x, y, how) + ";48;" + colorCode(img, x, y+1, how) + "m"
			if colors != last {
				b.WriteString(colors)
			}
			last = colors
			b.WriteString("▀")
		}
		b.WriteString("\x1b[0m\n")
	}
}

// colorCode is a pixel's colour in an escape sequence: itself, or the nearest in xterm's cube of 6×6×6, which begins at
// 16.
func colorCode(img *image.NRGBA, x, y int, how Graphics) string {
	c := img.NRGBAAt(x, y)
	if how == Few {
		return fmt.Sprintf("5;%d", 16+36*cube(c.R)+6*cube(c.G)+cube(c.B))
	}
	return fmt.Sprintf("2;%d;%d;%d", c.R, c.G, c.B)
}

// cube is the nearest of xterm's levels 0, 95, 135, 175, 215, 255.
func cube(v uint8) int {
	if v < 48 {
		return 0
	}
	if v < 115 {
		return 1
	}
	return (int(v) - 35) / 40
}
