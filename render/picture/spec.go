// Package picture holds Spec, everything that decides an image, and its parts: sizes, seeds, variations and dialects.
package picture

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
)

// Versions of a Spec. The lowest one that can express a picture is written: see FieldsVersion.
const (
	Version      = 4 // the newest one that this program knows; a reader accepts every version up to its own
	PlainVersion = 2 // of a new picture that needs nothing of a later one: jobs of two versions never share a batch
)

// Limits of a valid Spec. They are what the format allows; a server's own limits are narrower and are checked
// elsewhere.
const (
	MaxPromptRunes = 4000 // so that a remix form (a Discord text input) can always hold the whole prompt
	MaxCount       = 4    // four attachments make a gallery
	MaxSteps       = 150
	MaxSide        = 4096      // pixels
	MaxSeed        = 1<<53 - 1 // the largest integer that every JSON reader keeps exact
	SizeMultiple   = 8         // pixels; one latent cell of an f=8 VAE
)

// Dialect names the numeric conventions by which an image is computed. They are never mixed within one Spec.
type Dialect string

// The dialects.
const (
	Diffusers Dialect = "diffusers" // diffusers' schedulers and text conditioning
	A1111     Dialect = "a1111"     // AUTOMATIC1111's conventions over k-diffusion samplers
)

// Notation names the syntax of a prompt's emphasis.
type Notation string

// The notations.
const (
	NotationA1111      Notation = "a1111"      // (word:1.2), ((word)), [word], escapes and BREAK
	NotationMidjourney Notation = "midjourney" // the same, and word::2 outside brackets
)

// Emphasis names how weighted text becomes hidden states.
type Emphasis string

// The kinds of emphasis.
const (
	EmphasisOriginal Emphasis = ""        // the chunk's mean is restored after weighting
	EmphasisNoNorm   Emphasis = "no_norm" // it is not: A1111's "No norm"
)

// Size is an image's size.
type Size struct {
	Width  int `json:"width"`  // pixels
	Height int `json:"height"` // pixels
}

// String writes a size as people read it: 512×768.
func (s Size) String() string { return fmt.Sprintf("%d×%d", s.Width, s.Height) }

// Pixels returns how many pixels an image of this size has.
func (s Size) Pixels() int { return s.Width * s.Height }

// Placement is a rectangle on an image, in pixels from its upper left corner. It may reach beyond the image.
type Placement struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
}

// overlaps says whether a part of an image of this size lies in the rectangle.
func (p Placement) overlaps(width, height int) bool {
	along := func(at, side, canvas int) bool {
		return side >= 1 && side <= MaxSide && at > -side && at < canvas
	}
	return along(p.X, p.Width, width) && along(p.Y, p.Height, height)
}

// Ref names a model or an add-on by its name and the hash of its content.
type Ref struct {
	Name string `json:"name"`
	Hash string `json:"hash"` // lower-case hex SHA-256 of the content, as render/folder computes it for a model folder
}

// The kinds of add-ons. An Addon is one of the first three; a VAE and an upscaler have fields of their own.
const (
	LoRA      = "lora"
	Embedding = "embedding"
	Hypernet  = "hypernet"
	VAE       = "vae"
	Upscaler  = "upscaler"
)

// ShortHashDigits is how many digits of an add-on's hash A1111 shows, and writes into the parameters of images.
const ShortHashDigits = 12

// Addon is a LoRA, textual inversion or hypernetwork of an image.
type Addon struct {
	Kind     string  `json:"kind"` // LoRA, Embedding or Hypernet
	Name     string  `json:"name"`
	Hash     string  `json:"hash"`
	Strength float64 `json:"strength"` // of the UNet's part, and of the text encoders' unless TextStrength says another
	// TextStrength is of the text encoders' part; nil: Strength.
	TextStrength *float64 `json:"text_strength,omitempty"`
}

// Idle says that an add-on changes nothing: its strengths are 0. An embedding has no strength of its own.
func (a Addon) Idle() bool {
	return a.Kind != Embedding && a.Strength == 0 && (a.TextStrength == nil || *a.TextStrength == 0)
}

// Variation moves the starting noise towards that of another seed by spherical interpolation.
type Variation struct {
	Seed     int64   `json:"seed"`
	Strength float64 `json:"strength"` // 0 leaves the noise as it is, 1 replaces it
}

// Input names an input image by the SHA-256 of its (re-encoded) bytes. The bytes are stored apart from the Spec.
type Input struct {
	SHA256 string `json:"sha256"`
	Width  int    `json:"width"`  // pixels
	Height int    `json:"height"` // pixels
}

// Init is the init image (img2img).
type Init struct {
	Picture   Input      `json:"picture"`
	Mask      *Input     `json:"mask,omitempty"`  // white is regenerated
	Placement *Placement `json:"place,omitempty"` // where the image lies, for outpainting. nil: everywhere
	Strength  float64    `json:"strength"`        // share of the schedule that is sampled, in (0, 1]
	// Window is a size that the model knows, in which the ground around a placed image is painted, window after window.
	// nil: the whole canvas at once, as versions before 3 do.
	Window *Size `json:"window,omitempty"`
}

// Hires asks for a second pass at a larger size: the finished latents are upscaled by Scale, and img2img follows with
// Strength.
type Hires struct {
	Scale    float64 `json:"scale"`
	Steps    int     `json:"steps"`
	Strength float64 `json:"strength"`
}

// Spec is everything that decides an image: every default resolved, the seed drawn, models named with their content
// hash. The same Spec gives the same image. It passes unchanged through request, queue and store.
type Spec struct {
	Version       int         `json:"v"`
	Dialect       Dialect     `json:"dialect"`
	Notation      Notation    `json:"notation"`
	Model         Ref         `json:"model"`
	Addons        []Addon     `json:"addons,omitempty"`
	Prompt        string      `json:"prompt"`   // as typed, without flags
	Negative      string      `json:"negative"` // as typed
	Width         int         `json:"width"`    // pixels
	Height        int         `json:"height"`   // pixels
	Seed          int64       `json:"seed"`
	Count         int         `json:"count"` // tiles
	Steps         int         `json:"steps"`
	Stop          int         `json:"stop,omitempty"` // percent of the steps after which the estimate is the image; 0: all
	GuidanceScale float64     `json:"guidance_scale"`
	Sampler       string      `json:"sampler"` // a name of render/sampler: "ddim", "euler_a", "dpmpp_2m_karras"
	ClipSkip      int         `json:"clip_skip,omitempty"`
	Emphasis      Emphasis    `json:"emphasis,omitempty"`
	Eta           *float64    `json:"eta,omitempty"`              // noise of each step, from 0; nil: the sampler's own
	Rescale       float64     `json:"guidance_rescale,omitempty"` // of the guided contrast, 0 to 1 (Lin et al., 2023)
	SeedDelta     int64       `json:"seed_delta,omitempty"`       // added to the seed for the steps: A1111's ENSD
	SeedSize      *Size       `json:"seed_size,omitempty"`        // size of the starting noise: A1111's seed resize
	Tiling        bool        `json:"tiling,omitempty"`           // the image is tileable
	Variations    []Variation `json:"variations,omitempty"`
	Init          *Init       `json:"init,omitempty"`
	Hires         *Hires      `json:"hires,omitempty"`
	Upscaler      *Ref        `json:"upscaler,omitempty"` // the network that enlarges; nil: Lanczos's filter
	Upscale       *Upscale    `json:"upscale,omitempty"`

	Tiles      []TilePrompt `json:"tiles,omitempty"`      // where the tiles' prompts differ: one for each tile
	Reading    Reading      `json:"reading,omitempty"`    // how the prompts are read
	VAE        *Ref         `json:"vae,omitempty"`        // in place of the model's own
	Prediction Prediction   `json:"prediction,omitempty"` // what the UNet predicts; "": what the model's folder says
	ZeroSNR    bool         `json:"zero_snr,omitempty"`   // the schedule ends at zero SNR; counts with a Prediction
	Schedule   *Schedule    `json:"schedule,omitempty"`   // nil: what the model's files say
}

// Tile returns the Spec of tile i alone. Tile i has seed + i, and its own prompt where Tiles has one. With variations
// the base seed stays and the last variation's seed changes instead, as A1111 does with its subseed.
func (s Spec) Tile(i int) Spec {
	s.Count = 1
	if len(s.Tiles) > 0 {
		own := s.Tiles[min(i, len(s.Tiles)-1)]
		s.Prompt, s.Negative, s.Tiles = own.Prompt, own.Negative, nil
	}
	if n := len(s.Variations); n > 0 {
		v := append([]Variation(nil), s.Variations...)
		v[n-1].Seed = wrapSeed(v[n-1].Seed + int64(i))
		s.Variations = v
		return s
	}
	s.Seed = wrapSeed(s.Seed + int64(i))
	return s
}

// Vary returns a Spec of count tiles that vary this one by strength in (0, 1], drawn from seed.
// Call it on a single tile (see Tile): a variation of a variation keeps the whole chain.
func (s Spec) Vary(seed int64, strength float64, count int) Spec {
	s.Variations = append(append([]Variation(nil), s.Variations...), Variation{Seed: seed, Strength: strength})
	s.Count = count
	return s
}

func wrapSeed(n int64) int64 { return n & MaxSeed }

// Encode returns the canonical JSON of a Spec: fields in the order of the struct, no spaces, no HTML escapes.
func (s Spec) Encode() ([]byte, error) {
	if math.IsNaN(s.GuidanceScale) || math.IsInf(s.GuidanceScale, 0) {
		return nil, fmt.Errorf("encode spec: guidance scale %v is not a number that JSON can hold", s.GuidanceScale)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return nil, fmt.Errorf("encode spec: %w", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// Decode reads a Spec written by this or an earlier version and validates it.
func Decode(data []byte) (Spec, error) {
	var s Spec
	if err := json.Unmarshal(data, &s); err != nil {
		return Spec{}, fmt.Errorf("decode spec: %w", err)
	}
	if err := s.Validate(); err != nil {
		return Spec{}, fmt.Errorf("decode spec: %w", err)
	}
	return s, nil
}

// Hash returns the lower-case hex SHA-256 of the canonical JSON.
func (s Spec) Hash() (string, error) {
	b, err := s.Encode()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}
