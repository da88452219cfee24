package encode

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
)

// marksOf lists the cells of a mask whose middle is marked.
func marksOf(t *testing.T, c CleanImage) (cells []int) {
	t.Helper()
	m, err := c.mask()
	if err != nil {
		t.Fatal(err)
	}
	for n := range 9 {
		if marked(m.GrayAt(c.Width*(2*(n%3)+1)/6, c.Height*(2*(n/3)+1)/6).Y) {
			cells = append(cells, n+1)
		}
	}
	return cells
}

func TestCellMask(t *testing.T) {
	t.Parallel()
	a, err := CellMask(50, 31, []int{1, 6})
	if err != nil {
		t.Fatal(err)
	}
	if got := marksOf(t, a); len(got) != 2 || got[0] != 1 || got[1] != 6 || a.Width != 50 || a.Height != 31 {
		t.Errorf("got cells %v of %d×%d, want 1 and 6 of 50×31", got, a.Width, a.Height)
	}
	all, err := CellMask(50, 31, []int{1, 2, 3, 4, 5, 6, 7, 8, 9})
	if m, merr := all.mask(); err != nil || merr != nil || bytes.ContainsRune(m.Pix, 0) {
		t.Errorf("all cells leave a gap: %v, %v", err, merr)
	}
	b, err := CellMask(50, 31, []int{9})
	if err != nil {
		t.Fatal(err)
	}
	if both, err := JoinMasks(a, b); err != nil || len(marksOf(t, both)) != 3 {
		t.Errorf("got %v, %v; want both masks' cells", marksOf(t, both), err)
	}
	none, err := CellMask(50, 31, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		mask CleanImage
		want bool
	}{"no cell": {none, false}, "a cell": {b, true}} {
		if got, err := tt.mask.MarksAny(); err != nil || got != tt.want {
			t.Errorf("%s: got %v, %v; want %v", name, got, err, tt.want)
		}
	}
}

// TestMarkedFromTheMiddle sees that a grey of exactly half marks, as in diffusers.
func TestMarkedFromTheMiddle(t *testing.T) {
	t.Parallel()
	for brightness, want := range map[uint8]bool{127: false, 128: true} {
		grey := image.NewGray(image.Rect(0, 0, 2, 2))
		grey.SetGray(1, 1, color.Gray{Y: brightness})
		c, err := encodeClean(grey)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.MarksAny(); err != nil || got != want {
			t.Errorf("%d: got %v, %v; want %v", brightness, got, err, want)
		}
	}
}

func TestPreviewRegion(t *testing.T) {
	t.Parallel()
	img := image.NewRGBA(image.Rect(0, 0, 120, 60))
	for i := range img.Pix {
		img.Pix[i] = 200
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	from, err := encodeClean(img)
	if err != nil {
		t.Fatal(err)
	}
	mask, err := CellMask(120, 60, []int{5})
	if err != nil {
		t.Fatal(err)
	}
	data, err := PreviewRegion(from, mask, 60)
	if err != nil {
		t.Fatal(err)
	}
	got, err := png.Decode(bytes.NewReader(data))
	if err != nil || got.Bounds().Size() != image.Pt(60, 30) {
		t.Fatalf("got %v, %v; want an image of 60×30", got, err)
	}
	for name, tt := range map[string]struct {
		x, y int
		want uint8
	}{"what changes": {30, 15, 200}, "what stays": {5, 5, 50}, "the line": {19, 15, 255}} {
		if c := color.GrayModel.Convert(got.At(tt.x, tt.y)).(color.Gray); c.Y != tt.want {
			t.Errorf("%s: got %d, want %d", name, c.Y, tt.want)
		}
	}
}
