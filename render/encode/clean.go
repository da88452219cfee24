package encode

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"

	"golang.org/x/image/draw"
)

// CleanImage is an input image that is safe to store and to hand out: a PNG of opaque pixels only.
type CleanImage struct {
	PNG           []byte
	SHA256        string // lower-case hex, of PNG
	Width, Height int    // pixels
}

// Clean decodes an input image of at most maxPixels and encodes it again without metadata, on white where it was
// transparent, and scaled down if a side is longer than maxSide (0 is no such bound). Errors are those of Decode.
func Clean(ctx context.Context, data []byte, maxPixels, maxSide int) (CleanImage, error) {
	img, _, err := Decode(ctx, data, maxPixels)
	if err != nil {
		return CleanImage{}, err
	}
	return encodeClean(shrink(flatten(img), maxSide))
}

// encodeClean encodes an opaque image.
func encodeClean(img image.Image) (CleanImage, error) {
	file, err := PNG(img, "")
	if err != nil {
		return CleanImage{}, err
	}
	sum, size := sha256.Sum256(file), img.Bounds().Size()
	return CleanImage{PNG: file, SHA256: hex.EncodeToString(sum[:]), Width: size.X, Height: size.Y}, nil
}

// flatten puts an image on white, as A1111 does with an init image.
func flatten(img image.Image) *image.RGBA {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(out, out.Bounds(), img, b.Min, draw.Over)
	return out
}

// shrink scales an image down so that its longer side is at most side.
func shrink(img *image.RGBA, side int) *image.RGBA {
	size := img.Bounds().Size()
	small := shrunkSize(size, side)
	if small == size {
		return img
	}
	img = halveWhileLarge(img, small.X, small.Y)
	out := image.NewRGBA(image.Rectangle{Max: small})
	draw.CatmullRom.Scale(out, out.Bounds(), img, img.Bounds(), draw.Src, nil)
	return out
}

// shrunkSize is the size that shrink gives an image.
func shrunkSize(size image.Point, side int) image.Point {
	longer := max(size.X, size.Y)
	if side <= 0 || longer <= side {
		return size
	}
	return image.Pt(max(1, (size.X*side+longer/2)/longer), max(1, (size.Y*side+longer/2)/longer))
}

// halveWhileLarge halves an image while it stays at least twice as large as w x h, so that the scaler needs little
// memory.
func halveWhileLarge(img *image.RGBA, w, h int) *image.RGBA {
	for size := img.Bounds().Size(); size.X >= 4*w && size.Y >= 4*h; size = img.Bounds().Size() {
		half := image.NewRGBA(image.Rect(0, 0, size.X/2, size.Y/2))
		for y := range size.Y / 2 {
			above, below := img.Pix[2*y*img.Stride:], img.Pix[(2*y+1)*img.Stride:]
			row := half.Pix[y*half.Stride:]
			for i := range size.X / 2 * 4 {
				j := i/4*8 + i%4
				row[i] = uint8((int(above[j]) + int(above[j+4]) + int(below[j]) + int(below[j+4]) + 2) / 4)
			}
		}
		img = half
	}
	return img
}
