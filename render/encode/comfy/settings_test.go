package comfy_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"darkroom/render/encode/comfy"
)

// nodes of a graph as it was run; each test adds what it is about.
const (
	sampler = `"3": {"class_type": "KSampler", "inputs": {"seed": 18446744073709551615, "steps": 20, "cfg": 7.5,
		"sampler_name": "dpmpp_2m", "scheduler": "karras", "denoise": 1,
		"model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}}`
	loader   = `"4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd\\boat v1.safetensors"}}`
	empty    = `"5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}}`
	positive = `"6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red boat", "clip": ["4", 1]}}`
	negative = `"7": {"class_type": "CLIPTextEncode", "inputs": {"text": "fog", "clip": ["4", 1]}}`
	decoded  = `"8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}}`
	saved    = `"9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["8", 0]}}`
)

// plain is what the nodes above say.
func plain() comfy.Settings {
	return comfy.Settings{
		Prompt: "a red boat", Negative: "fog", Clear: true, Texts: []string{"a red boat", "fog"},
		Seed: "18446744073709551615", Steps: "20", CFG: "7.5", Sampler: "DPM++ 2M", Scheduler: "Karras",
		Width: 512, Height: 768, Model: "boat v1",
	}
}

func of(nodes ...string) string { return "{" + strings.Join(nodes, ",") + "}" }

func TestReadGraphs(t *testing.T) {
	t.Parallel()
	const (
		lora = `"4": {"class_type": "LoraLoader", "inputs": {"lora_name": "a/ink.safetensors", "strength_model": 0.8,
			"model": ["41", 0], "clip": ["41", 1]}},
			"41": {"class_type": "LoraLoader", "inputs": {"lora_name": "glass.pt", "strength_model": 1, "model": ["42", 0]}},
			"42": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "boat v1.ckpt"}}`
		second = `"13": {"class_type": "KSamplerAdvanced", "inputs": {"noise_seed": 5, "steps": 9, "latent_image": ["14", 0],
			"positive": ["7", 0], "negative": ["6", 0]}},
			"14": {"class_type": "LatentUpscale", "inputs": {"samples": ["3", 0], "width": 1024, "height": 1536}},
			"2": {"class_type": "SaveImage", "inputs": {"images": ["8", 0]}}`
		control = `"6": {"class_type": "ControlNetApplyAdvanced", "inputs": {"positive": ["61", 0], "negative": ["62", 0]}},
			"61": {"class_type": "CLIPTextEncode", "inputs": {"text": ["63", 0]}},
			"62": {"class_type": "CLIPTextEncode", "inputs": {"text": "fog"}},
			"63": {"class_type": "Text", "inputs": {"string": "a red boat"}}`
	)
	for name, c := range map[string]struct {
		prompt, workflow string
		change           func(*comfy.Settings)
	}{
		"a plain one":      {prompt: of(sampler, loader, empty, positive, negative, decoded, saved)},
		"nothing is saved": {prompt: of(sampler, loader, empty, positive, negative)},
		"with what JSON does not have": {
			prompt: of(sampler, loader, empty, positive, negative, `"8":{"class_type":"X","is_changed":[NaN,-Infinity]}`),
		},
		"another word in a text": {
			prompt: of(sampler, loader, empty, strings.Replace(positive, "a red boat", `\"NaN\"`, 1), negative),
			change: func(s *comfy.Settings) { s.Prompt, s.Texts = `"NaN"`, []string{`"NaN"`, "fog"} },
		},
		"LoRAs": {
			prompt: of(sampler, lora, empty, positive, negative, decoded, saved),
			change: func(s *comfy.Settings) { s.Prompt = "a red boat <lora:glass:1> <lora:ink:0.8>" },
		},
		"a second sampler that refines": {
			prompt: of(sampler, loader, empty, positive, negative, second, strings.Replace(decoded, `"3"`, `"13"`, 1)),
		},
		"an advanced sampler": {
			prompt: of(strings.NewReplacer(`KSampler"`, `KSamplerAdvanced"`, `"seed"`, `"noise_seed"`).Replace(sampler), loader,
				empty, positive, negative),
		},
		"both conditionings through one node, and a text behind a link": {
			prompt: of(strings.Replace(sampler, `["7", 0]`, `["6", 1]`, 1), loader, empty, control),
		},
		"nothing negative": {
			prompt: of(sampler, loader, empty, positive, `"7":{"class_type":"ConditioningZeroOut","inputs":{}}`),
			change: func(s *comfy.Settings) { s.Negative, s.Texts = "", []string{"a red boat"} },
		},
		"SDXL's two texts": {
			prompt: of(sampler, loader, empty, negative, `"6": {"class_type": "CLIPTextEncodeSDXL",
				"inputs": {"text_g": "a red boat", "text_l": "a red boat"}}`),
		},
		"two texts that differ": {
			prompt: of(sampler, loader, empty, negative, `"6": {"class_type": "CLIPTextEncodeSDXL",
				"inputs": {"text_g": "a red boat", "text_l": "a blue one"}}`),
			change: func(s *comfy.Settings) {
				s.Prompt, s.Negative, s.Clear, s.Texts = "", "", false, []string{"a red boat", "a blue one", "fog"}
			},
		},
		"a mixture": {
			prompt: of(sampler, loader, empty, strings.Replace(positive, `"6"`, `"61"`, 1), negative,
				`"6": {"class_type": "ConditioningCombine", "inputs": {"conditioning_1": ["61", 0], "conditioning_2": ["7", 0]}}`),
			change: func(s *comfy.Settings) {
				s.Prompt, s.Negative, s.Clear, s.Texts = "", "", false, []string{"fog", "a red boat"}
			},
		},
		"another image to begin with": {
			prompt: of(sampler, loader, positive, negative,
				`"5": {"class_type": "VAEEncode", "inputs": {"pixels": ["51", 0]}}`,
				`"51": {"class_type": "LoadImage", "inputs": {"image": "x.png", "width": 9, "height": 9}}`),
			change: func(s *comfy.Settings) { s.Width, s.Height = 0, 0 },
		},
		"no sampler that is known": {
			prompt: of(strings.Replace(sampler, "KSampler", "Secret", 1), loader, empty, positive, negative),
			change: func(s *comfy.Settings) { *s = comfy.Settings{Texts: s.Texts} },
		},
		"a sampler in a circle": {
			prompt: of(
				strings.NewReplacer(`["5", 0]`, `["3", 0]`, `["6", 0]`, `["3", 0]`, `["4", 0]`, `["3", 0]`).Replace(sampler),
				positive, negative, decoded, saved),
			change: func(s *comfy.Settings) {
				s.Prompt, s.Negative, s.Clear, s.Width, s.Height, s.Model = "", "", false, 0, 0, ""
			},
		},
		"a text in a circle, and links to nowhere": {
			prompt: of(strings.Replace(sampler, `["5", 0]`, `["77", 0]`, 1), negative,
				`"6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["60", 0]}}`,
				`"60": {"class_type": "Text", "inputs": {"text": ["61", 0]}}`,
				`"61": {"class_type": "Text", "inputs": {"text": ["60", 0]}}`),
			change: func(s *comfy.Settings) {
				*s = comfy.Settings{
					Texts: []string{"fog"}, Seed: s.Seed, Steps: s.Steps, CFG: s.CFG, Sampler: s.Sampler, Scheduler: s.Scheduler,
				}
			},
		},
		"as it is edited": {workflow: edited(0)},
		"a LoRA that is bypassed": {
			prompt: "no JSON", workflow: edited(4),
		},
	} {
		want := plain()
		if c.change != nil {
			c.change(&want)
		}
		if strings.HasPrefix(name, "as it is edited") {
			want.Prompt += " <lora:ink:0.8>"
		}
		if got, ok := comfy.Read(c.prompt, c.workflow); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v, %v\nwant %+v", name, got, ok, want)
		}
	}
}

// edited is the plain graph as it is edited, with a LoRA in a mode.
func edited(mode int) string {
	return fmt.Sprintf(`{"nodes": [
		{"id": 3, "type": "KSampler", "inputs": [{"name": "model", "link": 1}, {"name": "positive", "link": 2},
			{"name": "negative", "link": 3}, {"name": "latent_image", "link": 4}, {"name": "seed", "link": null}],
			"widgets_values": [18446744073709551615, "randomize", 20, 7.5, "dpmpp_2m", "karras", 1]},
		{"id": 10, "type": "LoraLoader", "mode": %d, "inputs": [{"name": "model", "link": 5}],
			"widgets_values": ["ink.safetensors", 0.8, 1]},
		{"id": 4, "type": "CheckpointLoaderSimple", "widgets_values": ["boat v1.safetensors"]},
		{"id": 5, "type": "EmptyLatentImage", "widgets_values": [512, 768, 1]},
		{"id": 6, "type": "CLIPTextEncode", "widgets_values": ["a red boat"]},
		{"id": 7, "type": "CLIPTextEncode", "widgets_values": {"text": "fog"}},
		{"id": 11, "type": "Note", "widgets_values": ["mine"]}],
		"links": [[1, 10, 0, 3, 0, "MODEL"], [2, 6, 0, 3, 1, "CONDITIONING"], [3, 7, 0, 3, 2, "CONDITIONING"],
			[4, 5, 0, 3, 3, "LATENT"], [5, 4, 0, 10, 0, "MODEL"], [6]]}`, mode)
}

// What is no graph, or too large a one, is none.
func TestReadNone(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for i := range 10_001 {
		fmt.Fprintf(&many, `"%d":{"class_type":"KSampler"},`, i)
	}
	for name, text := range map[string]string{
		"nothing": "", "no JSON": "{", "a list": "[]", "other JSON": `{"a": {"b": 1}, "c": 2}`,
		"too many nodes": "{" + strings.TrimSuffix(many.String(), ",") + "}",
		"too deep":       strings.Repeat(`{"a":`, 20_000),
	} {
		if got, ok := comfy.Read(text, text); ok {
			t.Errorf("%s: got %+v, want none", name, got)
		}
	}
}

// A long chain of nodes, and a long text, are not followed to their ends.
func TestReadBounds(t *testing.T) {
	t.Parallel()
	nodes := []string{sampler, empty, negative, strings.Replace(positive, "a red boat", strings.Repeat("x", 1<<14+1), 1)}
	nodes[0] = strings.Replace(sampler, `["4", 0]`, `["1000", 0]`, 1)
	for i := range 300 {
		nodes = append(nodes, fmt.Sprintf(`"%d":{"class_type":"Pass","inputs":{"model":["%d",0]}}`, 1000+i, 1001+i))
	}
	nodes = append(nodes, strings.Replace(loader, `"4"`, `"1300"`, 1))
	got, ok := comfy.Read(of(nodes...), "")
	if !ok || got.Model != "" || got.Prompt != "" || got.Clear || len(got.Texts) != 1 || got.Steps != "20" {
		t.Errorf("got %+v, %v, want neither model nor prompt", got, ok)
	}
}
