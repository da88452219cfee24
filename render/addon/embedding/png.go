package embedding

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"

	"darkroom/render/tensor"
)

// Limits of a PNG and of what it carries.
const (
	maxPNG    = 64 << 20
	maxPixels = 16 << 20
	maxJSON   = 64 << 20
)

// textKeyword is the PNG text chunk in which A1111 writes an embedding, as base64 of JSON.
const textKeyword = "sd-ti-embedding"

// errNoEmbedding says that a PNG is a picture and nothing more.
var errNoEmbedding = errors.New("a PNG without an embedding")

// openPNG reads A1111's picture of an embedding: from its text, or from its pixels where a site has dropped the text
// (modules/textual_inversion/image_embedding.py).
func openPNG(path string) (Embedding, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Embedding{}, err
	}
	if info.Size() > maxPNG {
		return Embedding{}, fmt.Errorf("a PNG of %d bytes, want at most %d", info.Size(), maxPNG)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Embedding{}, err
	}
	return fromPNG(data)
}

func fromPNG(data []byte) (Embedding, error) {
	if encoded, ok := textChunk(data, textKeyword); ok {
		decoded, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return Embedding{}, fmt.Errorf("the PNG's text: %w", err)
		}
		return fromJSON(decoded)
	}
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return Embedding{}, err
	}
	if config.Width > maxPixels/max(1, config.Height) {
		return Embedding{}, fmt.Errorf("a PNG of %d×%d pixels", config.Width, config.Height)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return Embedding{}, err
	}
	hidden, err := uncover(picture)
	if err != nil {
		return Embedding{}, err
	}
	return fromJSON(hidden)
}

// textChunk finds a text of a PNG by its keyword, compressed or not.
func textChunk(data []byte, keyword string) (string, bool) {
	const signature, head, tail = 8, 8, 4
	for at := signature; at+head <= len(data); {
		n := int(binary.BigEndian.Uint32(data[at:]))
		kind := string(data[at+4 : at+head])
		if n < 0 || n > len(data)-at-head-tail {
			break
		}
		body := data[at+head : at+head+n]
		if key, rest, ok := bytes.Cut(body, []byte{0}); ok && string(key) == keyword {
			switch kind {
			case "tEXt":
				return string(rest), true
			case "zTXt":
				if len(rest) < 1 {
					return "", false
				}
				text, err := inflate(rest[1:])
				return string(text), err == nil
			case "iTXt":
				return internationalText(rest)
			}
		}
		at += head + n + tail
	}
	return "", false
}

// internationalText reads what follows an iTXt chunk's keyword: whether it is compressed, how, a language, a
// translation of the keyword, the text.
func internationalText(rest []byte) (string, bool) {
	if len(rest) < 2 {
		return "", false
	}
	compressed := rest[0] == 1
	_, rest, ok := bytes.Cut(rest[2:], []byte{0})
	if !ok {
		return "", false
	}
	_, text, ok := bytes.Cut(rest, []byte{0})
	if !ok || !compressed {
		return string(text), ok
	}
	text, err := inflate(text)
	return string(text), err == nil
}

func inflate(data []byte) (_ []byte, err error) {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(r, maxJSON+1))
	if err == nil && len(out) > maxJSON {
		return nil, fmt.Errorf("more than %d bytes", maxJSON)
	}
	return out, errors.Join(err, r.Close())
}

// uncover reads the embedding from the pixels: the low four bits of two blocks at the sides, with a black column beside
// the picture between them, are the low and the high halves of a zlib stream, hidden by a row of pseudo-random numbers.
func uncover(picture image.Image) ([]byte, error) {
	p, ok := cropBlack(picture)
	if !ok {
		return nil, errNoEmbedding
	}
	first, last := -1, -1
	for x := range p.width {
		if p.blank(x) {
			if last = x; first < 0 {
				first = x
			}
		}
	}
	width := p.width - last - 1
	if first < 1 || first == last || width != first {
		return nil, errNoEmbedding
	}
	low, high := p.columns(0, first), p.columns(last+1, p.width)
	seed := uint32(0)
	for i := range low {
		seed = seed*1664525 + 1013904223 // the generator of Numerical Recipes
		mask := byte(seed%255) & 0x0f
		low[i] = (low[i] ^ mask) | (high[i]^mask)<<4
	}
	return inflate(low)
}

// nibbles are the low four bits of a picture's red, green and blue, row by row.
type nibbles struct {
	width, height int
	data          []byte
}

// cropBlack cuts off rows and columns in which every pixel has a channel of 0.
func cropBlack(picture image.Image) (nibbles, bool) {
	b := picture.Bounds()
	box := image.Rectangle{}
	pixel := func(x, y int) color.NRGBA { return color.NRGBAModel.Convert(picture.At(x, y)).(color.NRGBA) }
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if c := pixel(x, y); c.R > 0 && c.G > 0 && c.B > 0 {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	p := nibbles{box.Dx(), box.Dy(), make([]byte, 0, 3*box.Dx()*box.Dy())}
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			c := pixel(x, y)
			p.data = append(p.data, c.R&15, c.G&15, c.B&15)
		}
	}
	return p, !box.Empty()
}

func (p nibbles) blank(x int) bool {
	for y := range p.height {
		at := 3 * (y*p.width + x)
		if p.data[at]|p.data[at+1]|p.data[at+2] != 0 {
			return false
		}
	}
	return true
}

// columns returns the columns from one up to another, row by row.
func (p nibbles) columns(from, to int) []byte {
	out := make([]byte, 0, 3*(to-from)*p.height)
	for y := range p.height {
		out = append(out, p.data[3*(y*p.width+from):3*(y*p.width+to)]...)
	}
	return out
}

// fromJSON reads A1111's JSON: string_to_param holds one tensor, as rows.
func fromJSON(data []byte) (Embedding, error) {
	if len(data) > maxJSON {
		return Embedding{}, fmt.Errorf("more than %d bytes of JSON", maxJSON)
	}
	var whole struct {
		Name   string `json:"name"`
		Params map[string]struct {
			Rows [][]float64 `json:"TORCHTENSOR"`
		} `json:"string_to_param"`
	}
	if err := json.Unmarshal(data, &whole); err != nil {
		return Embedding{}, fmt.Errorf("the PNG's embedding: %w", err)
	}
	tensors := map[string]tensor.Tensor{}
	for key, param := range whole.Params {
		t := tensor.Tensor{Shape: []int{len(param.Rows), 0}}
		for _, row := range param.Rows {
			t.Shape[1] = len(row)
			for _, x := range row {
				t.Data = append(t.Data, float32(x))
			}
		}
		tensors[key] = t
	}
	return New(whole.Name, tensors)
}
