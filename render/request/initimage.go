package request

import (
	"math"
	"strings"

	"darkroom/render/phrase"
)

// MaxInputBytes is how large the file of a start image may be.
const MaxInputBytes = 25 << 20

// MaxInputPixels limits a start image's width x height.
const MaxInputPixels = 16 << 20

// How a start image of another shape is brought to that of the image. A1111's resize modes say crop and resize,
// resize and fill, and just resize.
const (
	ResizeCrop    = "crop"    // the middle of it is cut out
	ResizeFill    = "fill"    // all of it stays, and its edges are repeated beside it
	ResizeStretch = "stretch" // it is stretched, as diffusers and A1111 do unless asked
)

// minStrength is the least strength that changes anything.
const minStrength = 0.01

// unknownType is what Discord calls a file whose name it does not know. What it holds is seen when it is read.
const unknownType = "application/octet-stream"

// otherFormats are the images that are not read, by their media types. Others are told when they are read
// (encode.OtherFormatError).
var otherFormats = map[string]phrase.Phrase{
	"image/heic":     phrase.Of("a HEIC photo, as iPhones take them"),
	"image/heif":     phrase.Of("a HEIC photo, as iPhones take them"),
	"image/avif":     phrase.Of("an AVIF image"),
	"image/bmp":      phrase.Of("a BMP image"),
	"image/x-ms-bmp": phrase.Of("a BMP image"),
	"image/tiff":     phrase.Of("a TIFF image"),
	"image/svg+xml":  phrase.Of("an SVG drawing"),
	"image/jxl":      phrase.Of("a JPEG XL image"),
}

// wantedInit judges the start image that was asked for, if any.
func (r *resolution) wantedInit(w Wanted) *Refusal {
	if w.Init == nil && w.Mask != nil {
		return LoneMask()
	}
	if w.Init == nil {
		r.earlierInit(w)
		if w.Strength != nil && r.Spec.Init == nil {
			r.Note("The strength was ignored: there is no start image.")
		}
		if w.ImageWeight != nil && r.Spec.Init == nil {
			r.Note("--iw was ignored: there is no start image.")
		}
		if r.Spec.Init == nil && r.Card.FinishesImages {
			r.Note("%s was made to finish images: start from one with strength %g.", r.Card.Name, r.Card.Defaults.Strength)
		}
		if w.Resize != nil {
			r.Note("--fit %s was ignored: there is no new start image.", *w.Resize)
		}
		return nil
	}
	if refusal := r.initImage(w, "Ask without a start image."); refusal != nil {
		return refusal
	}
	if refusal := r.mask(w); refusal != nil {
		return refusal
	}
	if w.Resize != nil {
		r.PendingInit.Resize = *w.Resize
		return nil
	}
	r.noteCrop(Size{Width: w.Init.Width, Height: w.Init.Height},
		"The start image (%s) is cropped to the shape of %s: %.0f %% is cut off. "+
			"--fit fill or --fit stretch keeps all of it.")
	return nil
}

// noteCrop says how much of a start image is cut off, if anybody would see it. cropped is the format that says so.
func (r *Resolved) noteCrop(from Size, cropped string) {
	if from.Width <= 0 || from.Height <= 0 {
		return // its sender did not say
	}
	to := Size{Width: r.Spec.Width, Height: r.Spec.Height}
	ratio := float64(from.Width) * float64(to.Height) / (float64(from.Height) * float64(to.Width))
	if lost := min(99, math.Round(100*(1-math.Min(ratio, 1/ratio)))); lost >= 1 {
		r.Note(cropped, from, to, lost)
	}
}

// initImage judges a start image by what its sender claims. Its bytes are judged when they are read. hint helps where
// the model takes none.
func (r *resolution) initImage(w Wanted, hint string) *Refusal {
	if !r.Card.ImageToImage {
		return Refuse(hint, "%s cannot start from an image.", r.Card.Name)
	}
	f := *w.Init
	switch kind := f.kind(); {
	case !otherFormats[kind].IsZero():
		return Refuse("Save it as a JPEG or PNG and send that.", "The start image is %s.", otherFormats[kind])
	case !maybeImage(kind):
		return Refuse("Send a PNG, JPEG or WebP file.", "The start image is not an image file (%s).", shorten(kind))
	case f.Size > MaxInputBytes:
		return Refuse("", "Start image too large: %s MB, at most %d MB.",
			phrase.Decimal(float64(f.Size)/(1<<20), 1), MaxInputBytes>>20)
	case f.tooManyPixels():
		return Refuse("", "Start image too large: %s, at most %d megapixels.",
			Size{Width: f.Width, Height: f.Height}, MaxInputPixels>>20)
	}
	r.Spec.Init, r.PendingInit = nil, &InitImage{File: f, Strength: r.initStrength(w)}
	return nil
}

// LoneMask refuses a mask without a start image.
func LoneMask() *Refusal {
	return Refuse("Send the image too, as init_image.", "A mask needs a start image.")
}

// mask judges the mask of a start image by what its sender claims.
func (r *resolution) mask(w Wanted) *Refusal {
	if w.Mask == nil {
		return nil
	}
	switch f, kind := *w.Mask, w.Mask.kind(); {
	case !otherFormats[kind].IsZero():
		return Refuse("Save it as a PNG and send that.", "The mask is %s.", otherFormats[kind])
	case !maybeImage(kind):
		return Refuse("Send a PNG, JPEG or WebP file.", "The mask is not an image file (%s).", shorten(kind))
	case f.Size > MaxInputBytes:
		return Refuse("", "Mask too large: %s MB, at most %d MB.", phrase.Decimal(float64(f.Size)/(1<<20), 1),
			MaxInputBytes>>20)
	case f.tooManyPixels():
		return Refuse("", "Mask too large: %s, at most %d megapixels.", Size{Width: f.Width, Height: f.Height},
			MaxInputPixels>>20)
	}
	r.PendingInit.Mask = w.Mask
	return nil
}

// kind is the media type that an attachment claims.
func (a Attachment) kind() string {
	kind, _, _ := strings.Cut(strings.ToLower(a.ContentType), ";")
	return kind
}

// maybeImage tells whether a file of a media type may be an image.
func maybeImage(kind string) bool {
	return kind == "" || kind == unknownType || strings.HasPrefix(kind, "image/")
}

func (a Attachment) tooManyPixels() bool { return a.Width > 0 && a.Height > MaxInputPixels/a.Width }

// earlierInit gives the start image of an earlier picture the strength that was asked for.
func (r *resolution) earlierInit(w Wanted) {
	if r.Spec.Init == nil || w.Strength == nil && w.ImageWeight == nil {
		return
	}
	changed := *r.Spec.Init // the Spec it came from may be somebody else's
	changed.Strength = r.initStrength(w)
	r.Spec.Init = &changed
}

// initStrength is the strength that was asked for, or else the model's.
func (r *resolution) initStrength(w Wanted) float64 {
	strength := r.Card.Defaults.Strength
	if w.ImageWeight != nil {
		// Midjourney does not say what its weights do. Here 0 leaves nothing of the image, 1 is the usual strength, and
		// each further 1 keeps as much more.
		strength = math.Max(minStrength, math.Pow(strength, *w.ImageWeight))
	}
	if w.Strength != nil {
		strength = *w.Strength
		if r.exact.Strength == nil {
			strength = math.Max(minStrength, math.Min(1, strength))
		}
		if strength != *w.Strength {
			r.Note("Strength set to %g. Possible: %g to 1.", strength, minStrength)
		}
	}
	return strength
}
