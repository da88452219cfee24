package encode

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
)

// regionCells is how many rows and columns of cells an image has, see CellMask.
const regionCells = 3

// CellMask makes a mask of a size in pixels. It marks cells of a grid of three rows and three columns, which are
// counted from 1, row by row.
func CellMask(width, height int, cells []int) (CleanImage, error) {
	out := image.NewGray(image.Rect(0, 0, width, height))
	for _, n := range cells {
		row, column := (n-1)/regionCells, (n-1)%regionCells
		for y := row * height / regionCells; y < (row+1)*height/regionCells; y++ {
			for x := column * width / regionCells; x < (column+1)*width/regionCells; x++ {
				out.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	return encodeClean(out)
}

// JoinMasks marks what either of two masks of one size marks.
func JoinMasks(a, b CleanImage) (CleanImage, error) {
	left, err := a.mask()
	if err != nil {
		return CleanImage{}, err
	}
	right, err := b.mask()
	if err != nil {
		return CleanImage{}, err
	}
	for i, v := range right.Pix {
		left.Pix[i] = max(left.Pix[i], v)
	}
	return encodeClean(left)
}

// MarksAny tells whether a mask marks anything.
func (c CleanImage) MarksAny() (bool, error) {
	mask, err := c.mask()
	if err != nil {
		return false, err
	}
	for _, v := range mask.Pix {
		if marked(v) {
			return true, nil
		}
	}
	return false, nil
}

// marked tells whether a brightness of a mask marks a place, as in diffusers: at least half of the range.
func marked(brightness uint8) bool { return brightness >= 128 }

// mask is a mask that was cleaned, as brightness.
func (c CleanImage) mask() (*image.Gray, error) {
	img, err := png.Decode(bytes.NewReader(c.PNG)) // written by this package
	if err != nil {
		return nil, err
	}
	out := image.NewGray(image.Rect(0, 0, c.Width, c.Height))
	for y := range c.Height {
		for x := range c.Width {
			out.SetGray(x, y, color.GrayModel.Convert(img.At(x, y)).(color.Gray))
		}
	}
	return out, nil
}

// PreviewRegion shows an image with a mask of its size: dark where it stays, with a line around what changes. The PNG's
// longer side is at most so many pixels.
func PreviewRegion(c, mask CleanImage, side int) ([]byte, error) {
	img, err := png.Decode(bytes.NewReader(c.PNG)) // written by this package
	if err != nil {
		return nil, err
	}
	small := shrink(flatten(img), side)
	size := small.Bounds().Size()
	if mask, err = mask.Stretch(size.X, size.Y); err != nil {
		return nil, err
	}
	m, err := mask.mask()
	if err != nil {
		return nil, err
	}
	for y := range size.Y {
		for x := range size.X {
			shade(small, m, x, y)
		}
	}
	return PNG(small, "")
}

// shade darkens one place outside of a mask to a quarter, and makes it white at the mask's edge.
func shade(img *image.RGBA, mask *image.Gray, x, y int) {
	if marked(mask.GrayAt(x, y).Y) {
		return
	}
	at := img.PixOffset(x, y)
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			if marked(mask.GrayAt(x+dx, y+dy).Y) { // 0 outside of the image
				copy(img.Pix[at:], []uint8{255, 255, 255})
				return
			}
		}
	}
	for c := range 3 {
		img.Pix[at+c] /= 4
	}
}
