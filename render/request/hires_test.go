package request

import (
	"strings"
	"testing"

	"darkroom/render/picture"
)

func TestHires(t *testing.T) {
	t.Parallel()
	fixed, preset := postcards(), &Preset{Settings: Wanted{Hires: new(2.)}}
	fixed.Models[0].Hires = new(false)
	any64 := Available{Models: []Card{{Name: "sd15", Hash: hashB, Samplers: []string{"ddim"}, Multiple: 64}}}
	for name, c := range map[string]struct {
		want      Wanted
		available Available
		scale     float64 // 0 for no second pass
		size      Size    // of the finished image
		note      string  // part of the notes
		refused   string  // part of the refusal
	}{
		"none":        {want: Wanted{Prompt: "a boat"}, size: size(128, 128)},
		"one is none": {want: Wanted{Prompt: "a boat", Hires: new(1.)}, size: size(128, 128)},
		"an option":   {want: Wanted{Prompt: "a boat", Hires: new(2.)}, scale: 2, size: size(256, 256)},
		"a flag":      {want: Wanted{Prompt: "a boat --hires 1.5"}, scale: 1.5, size: size(192, 192)},
		"an option first": {
			want: Wanted{Prompt: "a boat --hires 3", Hires: new(1.), Preset: preset}, size: size(128, 128),
		},
		"a preset": {want: Wanted{Prompt: "a boat", Preset: preset}, scale: 2, size: size(256, 256)},
		"sides that a model can paint": {
			want: Wanted{Prompt: "a boat --ar 3:2 --hires 1.8"}, scale: 2, size: size(320, 224), note: "2 times larger: 320×224",
		},
		"thirds of a size": {
			want: Wanted{Prompt: "a boat", Size: new("192x192"), Hires: new(1.3)}, available: any64, scale: 4. / 3,
			size: size(256, 256), note: "1.333 times larger: 256×256",
		},
		"far too much": {
			want: Wanted{Prompt: "a boat", Size: new("1024x1024"), Hires: new(400.)}, available: any64, scale: 4,
			size: size(4096, 4096), note: "4 times larger",
		},
		"a size that was not trained": {
			want: Wanted{Prompt: "a boat", Hires: new(2.)}, scale: 2, size: size(256, 256),
			note: "postcards was not made for 256×256",
		},
		"a model of one size": {
			want: Wanted{Prompt: "a boat", Hires: new(2.)}, available: fixed, refused: "postcards has one size only",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			available := c.available
			if len(available.Models) == 0 {
				available = postcards()
			}
			res, refusal := Resolve(c.want, available, 42)
			if c.refused != "" {
				if refusal == nil || !strings.Contains(refusal.Error(), c.refused) {
					t.Fatalf("got %v, want %q", refusal, c.refused)
				}
				return
			}
			if refusal != nil {
				t.Fatal(refusal)
			}
			s := res.Spec
			if got := s.Enlarged(); got != c.size || (s.Hires == nil) != (c.scale == 0) {
				t.Fatalf("got %v and %+v, want %v", got, s.Hires, c.size)
			}
			if s.Hires != nil && (s.Hires.Scale-c.scale > 1e-9 || c.scale-s.Hires.Scale > 1e-9 || s.Hires.Steps != s.Steps) {
				t.Errorf("got %+v, want %g times in %d steps", s.Hires, c.scale, s.Steps)
			}
			if got := strings.Join(res.NoteTexts(), "\n"); !strings.Contains(got, c.note) {
				t.Errorf("got notes %q, want %q", got, c.note)
			}
		})
	}
}

// TestHiresScale: whatever is asked for, both sides are multiples of what the model needs, and not beyond what a Spec
// can hold.
func TestHiresScale(t *testing.T) {
	t.Parallel()
	for _, m := range []int{8, 16, 64} {
		for w := m; w <= 2048; w += 3 * m {
			for h := m; h <= 1024; h += 5 * m {
				for _, wanted := range []float64{1.001, 1.1, 1.3, 1.5, 1.77, 2, 3.9, 4, 99} {
					by := hiresScale(Size{Width: w, Height: h}, m, wanted)
					spec := picture.Spec{Width: w, Height: h, Hires: &picture.Hires{Scale: by}}
					got := spec.Enlarged()
					if by == 0 && w*h < 1024*1024 && w < 2048 && h < 2048 {
						t.Errorf("%d×%d by %g: none, though there is room", w, h, wanted)
					}
					if by != 0 && (got.Width%m != 0 || got.Height%m != 0 || by <= 1 || by > 4 || got.Width > 4096) {
						t.Errorf("%d×%d by %g: got %g and %v, want multiples of %d", w, h, wanted, by, got, m)
					}
				}
			}
		}
	}
}
