package encode

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"darkroom/render/picture"
	"darkroom/render/pyre"
)

const negativeMark = "Negative prompt:"

// fieldPattern is A1111's: a key, a colon, and a JSON string or anything without a comma. A line is the line of fields
// only if it matches at least three times.
var (
	fieldPattern = regexp.MustCompile(strings.NewReplacer(`\s`, pyre.Space, `[\w`, `[\pL\pN_`, `\w`, pyre.Word).Replace(
		`\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)`))
	sizePattern      = regexp.MustCompile(`^(\p{Nd}+)x(\p{Nd}+)$`)
	placementPattern = regexp.MustCompile(`^(\d+)x(\d+)\+(\d+)\+(\d+)$`)
	// releasePattern finds A1111's version in its text and in that of its forks ("f2.0.1v1.10.1-…").
	releasePattern = regexp.MustCompile(`(?:^|\d)v(\d+)\.(\d+)`)
)

const minFields = 3

// ParseParameters reads A1111's "parameters" text, of darkroom or another program. It never fails: text without a line
// of fields is all prompt.
func ParseParameters(text string) Parameters {
	lines := strings.Split(trimBlank(text), "\n")
	var r Parameters
	if last := lines[len(lines)-1]; len(fieldPattern.FindAllStringIndex(last, minFields)) == minFields {
		r.Fields = readFields(last)
		lines = lines[:len(lines)-1]
	}
	r.Prompt, r.Negative = readPrompts(lines)
	r.fill()
	return r
}

// readPrompts reads the lines before the fields. From the line with the mark on they belong to the negative prompt.
func readPrompts(lines []string) (positive, negative string) {
	var texts [2][]string
	at := 0
	for _, line := range lines {
		line = trimBlank(line)
		if after, ok := strings.CutPrefix(line, negativeMark); ok {
			at, line = 1, trimBlank(after)
		}
		if line != "" || len(texts[at]) > 0 { // an empty beginning leaves no line, as in A1111
			texts[at] = append(texts[at], line)
		}
	}
	return strings.Join(texts[0], "\n"), strings.Join(texts[1], "\n")
}

func readFields(line string) []Field {
	var out []Field
	for _, m := range fieldPattern.FindAllStringSubmatch(line, -1) {
		value := m[2]
		if strings.HasPrefix(value, `"`) && strings.HasSuffix(value, `"`) {
			var text string
			if json.Unmarshal([]byte(value), &text) == nil {
				value = text
			}
		}
		if value != "" {
			out = append(out, Field{m[1], value})
		}
	}
	return out
}

// fill sets the values of the fields.
func (r *Parameters) fill() {
	if exact, ok := r.Field(keyExactPrompt); ok {
		r.Prompt = exact
		r.Negative, _ = r.Field(keyExactNegative)
	} else if exact, ok := r.Field(keyExactNegative); ok {
		r.Prompt, r.Negative = "", exact
	}
	r.Seed = -1
	if n, err := strconv.ParseInt(pyre.ASCIIDigits(r.text("Seed")), 10, 64); err == nil {
		r.Seed = n
	}
	r.Steps, r.GuidanceScale, r.ClipSkip = r.whole("Steps"), r.number("CFG scale"), r.whole("Clip skip")
	r.Version = r.text("Version")
	if title, ok := r.Field("Sampler"); ok {
		r.Sampler = SamplerName(title, r.schedule())
	}
	if m := sizePattern.FindStringSubmatch(r.text("Size")); m != nil {
		r.Width, _ = pyre.Atoi(m[1])
		r.Height, _ = pyre.Atoi(m[2])
	}
	r.Model = picture.Ref{Name: r.text("Model"), Hash: r.text("Model hash")}
	r.Dialect, r.Notation = picture.Dialect(r.text(keyDialect)), picture.Notation(r.text(keyNotation))
	if _, current := r.Field(keyReading); r.Dialect != "" && !current {
		r.Reading = picture.ReadingV2
	}
	if name, ok := r.Field(keyVAE); ok {
		r.VAE = &picture.Ref{Name: name, Hash: r.text(keyVAEHash)}
	}
	r.Variations, r.Addons = r.variations(), r.addonHashes()
	r.fillRare()
	r.fillPasses()
}

// schedule is the schedule in the text. A1111 1.9 and later leave out "Automatic".
func (r *Parameters) schedule() string {
	if said, ok := r.Field("Schedule type"); ok {
		return said
	}
	if m := releasePattern.FindStringSubmatch(r.Version); m != nil && r.text(keyDialect) == "" {
		major, _ := strconv.Atoi(m[1])
		minor, _ := strconv.Atoi(m[2])
		if major > 1 || major == 1 && minor >= 9 {
			return "Automatic"
		}
	}
	return ""
}

// fillRare sets what most images leave at its default.
func (r *Parameters) fillRare() {
	if strings.EqualFold(r.text("Emphasis"), noNorm) {
		r.Emphasis = picture.EmphasisNoNorm
	}
	for _, key := range []string{"Eta", etaDDIM} {
		if f, err := strconv.ParseFloat(r.text(key), 64); err == nil && (key == etaDDIM) == (r.Sampler == "ddim") {
			r.Eta = &f
		}
	}
	r.Rescale, r.Tiling = r.number(keyRescale), strings.EqualFold(r.text("Tiling"), "True")
	if n, err := strconv.ParseInt(r.text("ENSD"), 10, 64); err == nil {
		r.SeedDelta = n
	}
	r.SeedSize, r.Stop = r.size("Seed resize from"), r.whole(keyStop)
}

// size reads a field such as 128x96; nil for none.
func (r *Parameters) size(key string) *picture.Size {
	m := sizePattern.FindStringSubmatch(r.text(key))
	if m == nil {
		return nil
	}
	width, _ := pyre.Atoi(m[1])
	height, _ := pyre.Atoi(m[2])
	return &picture.Size{Width: width, Height: height}
}

// fillPasses sets the init image and the hires pass.
func (r *Parameters) fillPasses() {
	strength := r.number("Denoising strength")
	if hash, ok := r.Field("Init image hash"); ok {
		r.Init = &picture.Init{Picture: picture.Input{SHA256: hash}, Strength: strength}
		if mask, ok := r.Field(keyMaskHash); ok {
			r.Init.Mask = &picture.Input{SHA256: mask}
		}
		r.Init.Placement, r.Init.Window = r.placement(), r.size(keyWindow)
		strength = r.number(keyHiresStrength)
	}
	if _, ok := r.Field("Hires upscale"); ok {
		r.Hires = &picture.Hires{Scale: r.number("Hires upscale"), Steps: r.whole("Hires steps"), Strength: strength}
	}
	if _, ok := r.Field(keyUpscaleBy); ok {
		r.Upscale = &picture.Upscale{
			Scale: r.number(keyUpscaleBy), Steps: r.whole(keyTileSteps), Strength: r.number(keyTileStrength),
			Tile: r.size(keyTile),
		}
	}
	if hash, ok := r.Field(keyUpscalerHash); ok {
		r.Upscaler = &picture.Ref{Name: r.text(keyUpscaler), Hash: hash}
	}
}

// placement reads where the init image lies.
func (r *Parameters) placement() *picture.Placement {
	m := placementPattern.FindStringSubmatch(r.text(keyPlacement))
	if m == nil {
		return nil
	}
	var n [4]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1])
	}
	return &picture.Placement{Width: n[0], Height: n[1], X: n[2], Y: n[3]}
}

// variations reads all variations, or the one that A1111 writes.
func (r Parameters) variations() []picture.Variation {
	var out []picture.Variation
	chain, ok := r.Field(keyVariations)
	if !ok {
		chain = r.text("Variation seed") + ":" + r.text("Variation seed strength")
	}
	for link := range strings.FieldsSeq(chain) {
		seed, strength, _ := strings.Cut(link, ":")
		n, errSeed := strconv.ParseInt(seed, 10, 64)
		f, errStrength := strconv.ParseFloat(strength, 64)
		if errSeed == nil && errStrength == nil {
			out = append(out, picture.Variation{Seed: n, Strength: f})
		}
	}
	return out
}

func (r Parameters) text(key string) string {
	value, _ := r.Field(key)
	return value
}

// whole is 0 for what is not a whole number.
func (r Parameters) whole(key string) int {
	n, err := pyre.Atoi(r.text(key))
	if err != nil {
		return 0
	}
	return n
}

// number is 0 for what is not a number.
func (r Parameters) number(key string) float64 {
	f, err := pyre.ParseFloat(r.text(key))
	if err != nil {
		return 0
	}
	return f
}

// trimBlank trims what Python calls blank, as A1111 does.
func trimBlank(text string) string { return pyre.TrimSpace(text) }
