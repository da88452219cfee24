package bot

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	_ "image/jpeg"
	"image/png"
)

// cleaned is an input picture as nothing but pixels.
type cleaned struct {
	PNG           []byte
	SHA256        string
	Width, Height int
}

func clean(raw []byte, maxPixels int) (cleaned, error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return cleaned{}, fmt.Errorf("it is no picture")
	}
	if c.Width*c.Height > maxPixels {
		return cleaned{}, fmt.Errorf("it is too large")
	}
	img, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return cleaned{}, fmt.Errorf("it is broken")
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return cleaned{}, err
	}
	sum := sha256.Sum256(b.Bytes())
	return cleaned{b.Bytes(), hex.EncodeToString(sum[:]), c.Width, c.Height}, nil
}
