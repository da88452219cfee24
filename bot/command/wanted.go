package command

import (
	"math"
	"strconv"

	"darkroom/bot/admit"
)

// wanted reads the options of /imagine. A value that is not of the option's kind counts as not given: Discord checks
// kinds, so it can only come from a client that does not.
func wanted(options map[string]string, files object) admit.Wanted {
	w := admit.Wanted{
		Prompt: options["prompt"], Negative: given(options, "negative_prompt"), Aspect: given(options, "aspect_ratio"),
		Size: given(options, "size"), Sampler: given(options, "sampler"), Spoiler: options["spoiler"] == "true",
		Steps: whole(options, "steps"), Count: whole(options, "count"),
		GuidanceScale: real(options, "guidance_scale"), Strength: real(options, "strength"),
	}
	w.Notation, w.Emphasis, w.Tiling = given(options, "notation"), given(options, "emphasis"), truth(options, "tile")
	if n := long(options, "seed"); n != nil {
		w.Seed = n
	}
	if id, ok := options["init_image"]; ok {
		file := attachment(files.object(id))
		if file.ID == "" {
			file.ID = id
		}
		w.Init = &file
	}
	return w
}

func given(options map[string]string, name string) *string {
	if v, ok := options[name]; ok {
		return &v
	}
	return nil
}

func truth(options map[string]string, name string) *bool {
	v, ok := options[name]
	if !ok || v != "true" && v != "false" {
		return nil
	}
	yes := v == "true"
	return &yes
}

func long(options map[string]string, name string) *int64 {
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

func whole(options map[string]string, name string) *int {
	n := long(options, name)
	if n == nil {
		return nil
	}
	small := int(max(math.MinInt32, min(math.MaxInt32, *n)))
	return &small
}

func real(options map[string]string, name string) *float64 {
	f, err := strconv.ParseFloat(options[name], 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}
