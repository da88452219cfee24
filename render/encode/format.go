package encode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"darkroom/render/picture"
)

// hashDigits is how many digits of a model's hash A1111 writes.
const hashDigits = 10

// Keys of our own, besides A1111's. The exact prompts are written only when the plain text cannot be read back.
const (
	keyDialect       = "Dialect"
	keyVariations    = "Variations"
	keyHiresStrength = "Hires strength"
	keyMaskHash      = "Mask hash"
	keyPlacement     = "Init image place"
	keyWindow        = "Outpaint window"
	keyUpscalerHash  = "Upscaler hash"
	keyTile          = "Upscale tile"
	keyTileStrength  = "Upscale strength"
	keyTileSteps     = "Upscale steps"
	keyRescale       = "Guidance rescale"
	keyStop          = "Stop at percent"
	keyNotation      = "Notation"
	keyReading       = "Prompt reading"
	keyExactPrompt   = "Exact prompt"
	keyExactNegative = "Exact negative prompt"
)

// Extra is what the text says besides the Spec.
type Extra struct {
	Version  string // of this program, such as "darkroom 1.0.0"; left out when empty
	MaskBlur int    // pixels, if it was chosen; left out when 0
	// Short returns the 12 digits by which A1111 knows a LoRA of a SHA-256, "" for one that it does not know; nil knows
	// none. Those of other add-ons begin their SHA-256.
	Short func(sha256 string) string
}

// FormatParameters writes a Spec as A1111's "parameters" text: the prompt, the negative prompt if there is one, and a
// line of fields. Call it on a single tile, so that the seed is the image's own. ParseParameters reads back what it
// writes.
func FormatParameters(s picture.Spec, extra Extra) string {
	s.Prompt, s.Negative = strings.ToValidUTF8(s.Prompt, "\uFFFD"), strings.ToValidUTF8(s.Negative, "\uFFFD")
	fields := append(specFields(s), addonFields(s, extra.Short)...)
	exact := exactFields(s, join(s, fields))
	if extra.MaskBlur > 0 {
		exact = append(exact, Field{"Mask blur", strconv.Itoa(extra.MaskBlur)})
	}
	if extra.Version != "" {
		exact = append(exact, Field{"Version", extra.Version})
	}
	return join(s, append(fields, exact...))
}

// exactFields returns the prompts as fields if they cannot be read back from plain, the text without them.
func exactFields(s picture.Spec, plain string) []Field {
	r := ParseParameters(plain)
	if r.Prompt == s.Prompt && r.Negative == s.Negative {
		return nil
	}
	var out []Field
	if s.Prompt != "" {
		out = append(out, Field{keyExactPrompt, s.Prompt})
	}
	if s.Negative != "" {
		out = append(out, Field{keyExactNegative, s.Negative})
	}
	return out
}

// join writes the three parts of the text. A PNG's text cannot hold a NUL, so it is left out of the plain prompts.
func join(s picture.Spec, fields []Field) string {
	lines := []string{s.Prompt}
	if s.Negative != "" {
		lines = append(lines, negativeMark+" "+s.Negative)
	}
	var cells []string
	for _, f := range fields {
		cells = append(cells, f.Key+": "+quote(strings.ToValidUTF8(f.Value, "\uFFFD")))
	}
	lines = append(lines, strings.Join(cells, ", "))
	return trimBlank(strings.ReplaceAll(strings.Join(lines, "\n"), "\x00", ""))
}

// specFields returns the fields of a Spec, in A1111's order.
func specFields(s picture.Spec) []Field {
	sampler, schedule := splitTitle(s.Sampler)
	out := []Field{
		{"Steps", strconv.Itoa(s.Steps)},
		{"Sampler", sampler},
		{"Schedule type", schedule},
		{"CFG scale", number(s.GuidanceScale)},
		{"Seed", strconv.FormatInt(s.Seed, 10)},
		{"Size", fmt.Sprintf("%dx%d", s.Width, s.Height)},
		{"Model hash", s.Model.Hash[:min(len(s.Model.Hash), hashDigits)]},
		{"Model", s.Model.Name},
	}
	if v := s.VAE; v != nil {
		out = append(out, Field{keyVAEHash, v.Hash[:min(len(v.Hash), hashDigits)]}, Field{keyVAE, v.Name})
	}
	out = append(out, variationFields(s.Variations)...)
	if z := s.SeedSize; z != nil {
		out = append(out, Field{"Seed resize from", fmt.Sprintf("%dx%d", z.Width, z.Height)})
	}
	out = append(out, passFields(s)...)
	if s.ClipSkip > 1 {
		out = append(out, Field{"Clip skip", strconv.Itoa(s.ClipSkip)})
	}
	out = append(out, rareFields(s)...)
	out = append(out, Field{keyDialect, string(s.Dialect)})
	return nonEmpty(out)
}

// rareFields returns settings that most images leave at their default, and the source of the noise.
func rareFields(s picture.Spec) []Field {
	var out []Field
	add := func(said bool, key, value string) {
		if said {
			out = append(out, Field{key, value})
		}
	}
	add(s.SeedDelta != 0, "ENSD", strconv.FormatInt(s.SeedDelta, 10))
	add(true, "RNG", randomSource(s.Dialect))
	add(s.Tiling, "Tiling", "True")
	add(s.Stop > 0, keyStop, strconv.Itoa(s.Stop))
	add(s.Emphasis == picture.EmphasisNoNorm, "Emphasis", noNorm)
	if s.Eta != nil {
		key := "Eta"
		if s.Sampler == "ddim" {
			key = etaDDIM
		}
		add(true, key, number(*s.Eta))
	}
	add(s.Rescale > 0, keyRescale, number(s.Rescale))
	add(s.Notation == picture.NotationMidjourney, keyNotation, string(s.Notation))
	add(s.Version >= 3 && s.Reading == "", keyReading, currentReading)
	return out
}

// currentReading marks prompts that are not read as Spec versions 1 and 2 did: text of earlier programs has no mark.
const currentReading = "3"

// A1111's names of settings that have another name here.
const (
	noNorm  = "No norm"
	etaDDIM = "Eta DDIM"
)

// randomSource names A1111's setting that draws the same noise: torch's CPU generator, or that of a graphics card.
func randomSource(d picture.Dialect) string {
	if d == picture.A1111 {
		return "NV"
	}
	return "CPU"
}

// variationFields names the last variation as A1111 does, and all of them in a field of our own if there are more.
func variationFields(variations []picture.Variation) []Field {
	n := len(variations)
	if n == 0 {
		return nil
	}
	last := variations[n-1]
	out := []Field{
		{"Variation seed", strconv.FormatInt(last.Seed, 10)},
		{"Variation seed strength", number(last.Strength)},
	}
	if n == 1 {
		return out
	}
	var chain []string
	for _, v := range variations {
		chain = append(chain, fmt.Sprintf("%d:%s", v.Seed, number(v.Strength)))
	}
	return append(out, Field{keyVariations, strings.Join(chain, " ")})
}

// passFields returns the fields of an init image and of a hires pass. A1111 has one strength for both.
func passFields(s picture.Spec) []Field {
	var out []Field
	if i := s.Init; i != nil {
		out = append(out, Field{"Denoising strength", number(i.Strength)}, Field{"Init image hash", i.Picture.SHA256})
		if i.Mask != nil {
			out = append(out, Field{keyMaskHash, i.Mask.SHA256})
		}
		if at := i.Placement; at != nil {
			out = append(out, Field{keyPlacement, fmt.Sprintf("%dx%d+%d+%d", at.Width, at.Height, at.X, at.Y)})
		}
		if w := i.Window; w != nil {
			out = append(out, Field{keyWindow, fmt.Sprintf("%dx%d", w.Width, w.Height)})
		}
	}
	if h := s.Hires; h != nil {
		key := "Denoising strength"
		if s.Init != nil {
			key = keyHiresStrength
		}
		out = append(out, Field{key, number(h.Strength)}, Field{"Hires upscale", number(h.Scale)},
			Field{"Hires steps", strconv.Itoa(h.Steps)}, Field{"Hires upscaler", "Latent"})
	}
	return append(out, upscaleFields(s)...)
}

// A1111's keys of a picture that its "Extras" enlarged, and its name of Lanczos's filter.
const (
	keyUpscaleBy = "Postprocess upscale by"
	keyUpscaler  = "Postprocess upscaler"
	lanczos      = "Lanczos"
)

// upscaleFields returns how finished images were enlarged.
func upscaleFields(s picture.Spec) []Field {
	u := s.Upscale
	if u == nil {
		return nil
	}
	out := []Field{{keyUpscaleBy, number(u.Scale)}, {keyUpscaler, lanczos}}
	if s.Upscaler != nil {
		out[1].Value = s.Upscaler.Name
		out = append(out, Field{keyUpscalerHash, s.Upscaler.Hash})
	}
	if u.Tile != nil {
		out = append(out, Field{keyTile, fmt.Sprintf("%dx%d", u.Tile.Width, u.Tile.Height)},
			Field{keyTileStrength, number(u.Strength)}, Field{keyTileSteps, strconv.Itoa(u.Steps)})
	}
	return out
}

// nonEmpty leaves out fields without a value.
func nonEmpty(fields []Field) []Field {
	out := fields[:0]
	for _, f := range fields {
		if f.Value != "" {
			out = append(out, f)
		}
	}
	return out
}

// number writes a float as Python would write one given by a form: 7 and 7.5, never an exponent.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// quote writes a value as a JSON string where A1111 does (a comma, a colon or a line break in it) and where its reader
// would otherwise change the value.
func quote(value string) string {
	if !strings.ContainsAny(value, ",:\n\r\x00") && !strings.HasPrefix(value, `"`) && trimBlank(value) == value {
		return value
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil { // a string always encodes
		return value
	}
	return strings.TrimRight(b.String(), "\n")
}
