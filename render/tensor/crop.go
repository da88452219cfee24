package tensor

// Crop takes a rectangle out of the maps of [b, c, h, w], as far as they reach.
func Crop(t Tensor, y, x, height, width int) Tensor {
	h, w := t.Shape[2], t.Shape[3]
	height, width = min(height, h-y), min(width, w-x)
	out := New(t.Shape[0], t.Shape[1], height, width)
	for plane := range t.Shape[0] * t.Shape[1] {
		for i := range height {
			from := (plane*h+y+i)*w + x
			copy(out.Data[(plane*height+i)*width:], t.Data[from:from+width])
		}
	}
	return out
}
