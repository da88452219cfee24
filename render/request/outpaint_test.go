package request

import (
	"reflect"
	"strings"
	"testing"

	"darkroom/render/picture"
	"darkroom/render/prompt"
)

// toTheRight puts a picture on a canvas that is half a window wider.
func toTheRight(at, window Size) Canvas {
	place := picture.Placement{Width: at.Width, Height: at.Height}
	at.Width += window.Width / 2
	return Canvas{Size: at, Place: place}
}

func TestOutpaint(t *testing.T) {
	t.Parallel()
	file := Attachment{Name: "a.png", ContentType: "image/png", Width: 128, Height: 128}
	t.Run("the canvas is larger than the picture, and painted in windows", func(t *testing.T) {
		t.Parallel()
		base := boat(t, postcards(), "128x128")
		got, no := Outpaint(base, file, postcards())
		if no != nil {
			t.Fatal(no)
		}
		if no := got.PlaceOn(toTheRight); no != nil {
			t.Fatal(no)
		}
		want := InitImage{
			File: file, Strength: outpaintStrength, Place: &picture.Placement{Width: 128, Height: 128},
			Window: &Size{Width: 128, Height: 128},
		}
		if !reflect.DeepEqual(*got.PendingInit, want) || got.Spec.Width != 192 || got.Spec.Height != 128 {
			t.Errorf("got %+v on %d×%d, want %+v on 192×128", got.PendingInit, got.Spec.Width, got.Spec.Height, want)
		}
	})
	t.Run("a card may say what suits its model", func(t *testing.T) {
		t.Parallel()
		o := postcards()
		o.Models[0].Outpaint = OutpaintDefaults{Strength: 0.6, GuidanceScale: 1}
		got, no := Outpaint(boat(t, postcards(), "128x128"), file, o)
		if no != nil || got.PendingInit.Strength != 0.6 || got.Spec.GuidanceScale != 1 {
			t.Errorf("got strength %+v and guidance %v, %v", got.PendingInit, got.Spec.GuidanceScale, no)
		}
	})
	t.Run("a canvas beyond the largest side is refused", func(t *testing.T) {
		t.Parallel()
		s := boat(t, anySize(), "512x512")
		s.Width = 4032
		o := anySize()
		o.Models[0].ImageToImage = true
		got, no := Outpaint(s, file, o)
		if no != nil {
			t.Fatal(no)
		}
		if no := got.PlaceOn(toTheRight); no == nil || !strings.Contains(no.Sentence.String(), "at most 4096") {
			t.Errorf("got %v, want a refusal", no)
		}
	})
	t.Run("a remix at another size begins with the whole picture", func(t *testing.T) {
		t.Parallel()
		s := boat(t, postcards(), "128x128")
		s.Width = 192
		s.Init = &picture.Init{
			Picture: picture.Input{SHA256: hashA}, Strength: 0.6,
			Placement: &picture.Placement{Width: 128, Height: 128}, Window: &Size{Width: 128, Height: 128},
		}
		prompt.SettleVersion(&s)
		same, no := Remix(Wanted{Prompt: "a star"}, postcards(), s, 9)
		if no != nil || same.Spec.Init.Window == nil || same.Spec.Width != 192 {
			t.Errorf("at the same size: got %+v, %v, want the ground painted anew", same.Spec, no)
		}
		other, no := Remix(Wanted{Prompt: "a star", Size: new("96x176")}, postcards(), s, 9)
		if no != nil || other.Spec.Init.Window != nil || other.Spec.Init.Placement != nil || s.Init.Window == nil {
			t.Errorf("at another size: got %+v, %v, want an ordinary start picture", other.Spec.Init, no)
		}
	})
}
