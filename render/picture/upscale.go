package picture

// Upscale asks for finished images at a larger size. They are enlarged by the Spec's Upscaler, or by Lanczos's filter,
// and then repainted a little in overlapping tiles if there is a Strength.
type Upscale struct {
	Scale    float64 `json:"scale"`              // how many times larger, in (1, 4]
	Steps    int     `json:"steps,omitempty"`    // of the repainting, of which Strength is the share that is sampled
	Strength float64 `json:"strength,omitempty"` // 0 leaves the enlarged image as it is
	Tile     *Size   `json:"tile,omitempty"`     // in which it is repainted: a size that the model knows
}

// MaxUpscale is how many times larger an image can be made at once.
const MaxUpscale = 4

// Enlarged returns the size of finished images.
func (s Spec) Enlarged() Size {
	by := 1.0
	if s.Hires != nil {
		by = s.Hires.Scale
	}
	if s.Upscale != nil {
		by *= s.Upscale.Scale
	}
	return Size{Width: int(float64(s.Width) * by), Height: int(float64(s.Height) * by)}
}

func (s Spec) validateUpscale(f *faults) {
	if s.Upscaler != nil {
		f.check(hexHash.MatchString(s.Upscaler.Hash), "upscaler: %q is not a SHA-256", s.Upscaler.Hash)
	}
	if s.Init != nil && s.Init.Window != nil {
		s.Init.Window.validate(f, "window")
		p := s.Init.Placement
		f.check(p != nil && p.X >= 0 && p.Y >= 0 && p.X+p.Width <= s.Width && p.Y+p.Height <= s.Height,
			"window: want a place on the canvas beside it")
		f.check(s.Init.Mask == nil, "window: want no mask beside it")
	}
	u := s.Upscale
	if u == nil {
		return
	}
	f.check(u.Scale > 1 && u.Scale <= MaxUpscale, "upscale by %v: want a number in (1, %d]", u.Scale, MaxUpscale)
	size := s.Enlarged()
	f.check(isSide(size.Width) && isSide(size.Height), "upscale to %v: want sides up to %d", size, MaxSide)
	if u.Strength == 0 && u.Steps == 0 && u.Tile == nil {
		return
	}
	f.check(isShare(u.Strength) && u.Steps >= 1 && u.Steps <= MaxSteps && u.Tile != nil,
		"repaint by %v in %d steps: want a strength in (0, 1], steps from 1 and a tile", u.Strength, u.Steps)
	if u.Tile != nil {
		u.Tile.validate(f, "tile")
	}
}

func (s Size) validate(f *faults, name string) {
	f.check(isSide(s.Width) && isSide(s.Height) && s.Width%SizeMultiple == 0 && s.Height%SizeMultiple == 0,
		"%s %v: want multiples of %d up to %d", name, s, SizeMultiple, MaxSide)
}
