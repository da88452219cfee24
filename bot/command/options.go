package command

import (
	"math"
	"strconv"

	"darkroom/render/request"
)

// parseWanted reads the options of /imagine. A value of the wrong type counts as not given: Discord checks types, so
// only a faulty client can send one.
func parseWanted(options map[string]string, files object) request.Wanted {
	w := request.Wanted{
		Prompt: options["prompt"], Negative: stringOption(options, "negative_prompt"),
		Aspect: stringOption(options, "aspect_ratio"),
		Size:   stringOption(options, "size"), Sampler: stringOption(options, "sampler"),
		Spoiler: options["spoiler"] == "true",
		Steps:   intOption(options, "steps"), Count: intOption(options, "count"),
		GuidanceScale: floatOption(options, "guidance_scale"), Strength: floatOption(options, "strength"),
	}
	w.Notation, w.Emphasis = stringOption(options, "notation"), stringOption(options, "emphasis")
	w.Tiling = boolOption(options, "tile")
	if n := int64Option(options, "seed"); n != nil {
		w.Seed = n
	}
	if id, ok := options["init_image"]; ok {
		file := readAttachment(files.object(id))
		if file.ID == "" {
			file.ID = id
		}
		w.Init = &file
	}
	return w
}

func stringOption(options map[string]string, name string) *string {
	if v, ok := options[name]; ok {
		return &v
	}
	return nil
}

func boolOption(options map[string]string, name string) *bool {
	v, ok := options[name]
	if !ok || v != "true" && v != "false" {
		return nil
	}
	yes := v == "true"
	return &yes
}

func int64Option(options map[string]string, name string) *int64 {
	n, err := strconv.ParseInt(options[name], 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(options[name], 64)
		if ferr != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return nil
		}
		n = int64(f)
	}
	return &n
}

func intOption(options map[string]string, name string) *int {
	n := int64Option(options, name)
	if n == nil {
		return nil
	}
	small := int(max(math.MinInt32, min(math.MaxInt32, *n)))
	return &small
}

func floatOption(options map[string]string, name string) *float64 {
	f, err := strconv.ParseFloat(options[name], 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}
