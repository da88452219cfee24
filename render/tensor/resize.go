package tensor

// ResizeBilinear scales the maps of [b, c, h, w] to height × width by bilinear interpolation, as torch does with
// align_corners=False.
func ResizeBilinear(t Tensor, height, width int) Tensor {
	planes, h, w := t.Shape[0]*t.Shape[1], t.Shape[2], t.Shape[3]
	out := New(t.Shape[0], t.Shape[1], height, width)
	rows, columns := taps(h, height), taps(w, width)
	for p := range planes {
		from, to := t.Data[p*h*w:], out.Data[p*height*width:]
		for y, r := range rows {
			for x, c := range columns {
				above := mix(from[r.low*w+c.low], from[r.low*w+c.high], c.part)
				below := mix(from[r.high*w+c.low], from[r.high*w+c.high], c.part)
				to[y*width+x] = mix(above, below, r.part)
			}
		}
	}
	return out
}

// tap is where one output value lies between two input values.
type tap struct {
	low, high int
	part      float32
}

func taps(in, out int) []tap {
	all := make([]tap, out)
	for i := range all {
		at := max((float64(i)+0.5)*float64(in)/float64(out)-0.5, 0)
		low := min(int(at), in-1)
		all[i] = tap{low, min(low+1, in-1), float32(at - float64(low))}
	}
	return all
}

func mix(a, b, part float32) float32 { return float32(a*(1-part)) + float32(b*part) }

// ResizeNearest scales the maps of [b, c, h, w] to height × width by taking the nearest value at or before each place.
func ResizeNearest(t Tensor, height, width int) Tensor {
	h, w := t.Shape[2], t.Shape[3]
	out := New(t.Shape[0], t.Shape[1], height, width)
	for i := range out.Data {
		y, x := i/width%height, i%width
		out.Data[i] = t.Data[i/(height*width)*h*w+y*h/height*w+x*w/width]
	}
	return out
}

// AveragePool averages squares of by × by values of the maps of [b, c, h, w]. A remainder at the right and at the
// bottom is left out.
func AveragePool(t Tensor, by int) Tensor {
	h, w := t.Shape[2], t.Shape[3]
	out := New(t.Shape[0], t.Shape[1], h/by, w/by)
	oh, ow := out.Shape[2], out.Shape[3]
	for i := range out.Data {
		plane, y, x := i/(oh*ow), i/ow%oh*by, i%ow*by
		var sum float32
		for dy := range by {
			for dx := range by {
				sum += t.Data[plane*h*w+(y+dy)*w+x+dx]
			}
		}
		out.Data[i] = sum / float32(by*by)
	}
	return out
}
