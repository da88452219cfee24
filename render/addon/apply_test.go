package addon

import (
	"context"
	"errors"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"darkroom/render/addon/addontest"
	"darkroom/render/safetensors"
	"darkroom/render/tensor"
	"darkroom/render/weightname"
)

const (
	query = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
	conv  = "down_blocks.0.resnets.0.conv1"
)

// key is a kohya key of a module of the UNet.
func key(module, field string) string {
	return "lora_unet_" + strings.ReplaceAll(module, ".", "_") + "." + field
}

// loraFile writes a LoRA of float32 tensors by shape, with some single values in place of drawn ones.
func loraFile(t testing.TB, metadata map[string]string, shapes map[string][]int, values map[string]float64) *LoRA {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ink.safetensors")
	tensors := map[string]addontest.Entry{}
	for k, shape := range shapes {
		data := addontest.Draw(k, volume(shape), 1)
		if x, ok := values[k]; ok {
			data[0] = float32(x)
		}
		bytes, err := encode(safetensors.F32, data)
		if err != nil {
			t.Fatal(err)
		}
		tensors[k] = addontest.Entry{DType: "F32", Shape: shape, Data: bytes}
	}
	addontest.WriteFile(t, path, metadata, tensors)
	l, err := OpenLoRA(path, "ink", "hash")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func plainLoRA(t testing.TB) *LoRA {
	t.Helper()
	return loraFile(t, nil, map[string][]int{
		key(query, "lora_down.weight"): {2, 12}, key(query, "lora_up.weight"): {12, 2},
		key(conv, "lora_down.weight"): {2, 12, 3, 3}, key(conv, "lora_up.weight"): {16, 2, 1, 1},
	}, nil)
}

// TestApplyRefuses has LoRAs that cannot be used, each with the sentence that says why.
func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	down, up := key(query, "lora_down.weight"), key(query, "lora_up.weight")
	good := map[string][]int{down: {2, 12}, up: {12, 2}}
	with := func(more map[string][]int) map[string][]int {
		out := map[string][]int{}
		for _, m := range []map[string][]int{good, more} {
			maps.Copy(out, m)
		}
		return out
	}
	for name, c := range map[string]struct {
		shapes map[string][]int
		values map[string]float64
		family string
		want   string
	}{
		"ranks that differ": {with(map[string][]int{up: {12, 3}}), nil, "",
			"does not fit this model: lora_unet_down_blocks_0"},
		"another width":  {with(map[string][]int{down: {2, 13}}), nil, "", "for a weight of [12 12]"},
		"another output": {with(map[string][]int{up: {13, 2}}), nil, "", "for a weight of [12 12]"},
		"turned":         {map[string][]int{key(conv, "diff"): {12, 16, 3, 3}}, nil, "", "for a weight of [16 12 3 3]"},
		"a rank that fills the memory": {map[string][]int{down: {5000, 12}, up: {12, 5000}}, nil, "",
			"the rank 5000"},
		"not a number": {good, map[string]float64{up: math.NaN()}, "", "“ink” is broken"},
		"infinite":     {good, map[string]float64{down: math.Inf(-1)}, "", "“ink” is broken"},
		"nothing that is there": {map[string][]int{"lora_unet_x.lora_down.weight": {2, 2},
			"lora_unet_x.lora_up.weight": {2, 2}}, nil, "",
			"none of its 1 modules is in it"},
		"GLoRA": {map[string][]int{key(query, "a1.weight"): {2, 2}, key(query, "a2.weight"): {2, 2}}, nil, "",
			"a GLoRA"},
		"BOFT":                        {map[string][]int{key(query, "oft_blocks"): {2, 3, 4, 4}}, nil, "", "“ink” holds a BOFT"},
		"PEFT's BOFT":                 {map[string][]int{key(query, "boft_R"): {2, 3, 4, 4}}, nil, "", "“ink” holds a BOFT"},
		"PEFT's old OFT":              {map[string][]int{key(query, "oft_r"): {3, 4, 4}}, nil, "", "the OFT of PEFT before 0.15"},
		"OFT of other blocks":         {map[string][]int{key(query, "oft_blocks"): {3, 3, 3}}, nil, "", "does not fit"},
		"PEFT's OFT of no block":      {map[string][]int{key(query, "oft_R.weight"): {3, 5}}, nil, "", "does not fit"},
		"PEFT's OFT of few blocks":    {map[string][]int{key(query, "oft_R.weight"): {2, 6}}, nil, "", "does not fit"},
		"PEFT's IA³ of another width": {map[string][]int{key(query, "ia3_l"): {13, 1}}, nil, "", "does not fit"},
		"a middle of two axes":        {with(map[string][]int{key(query, "lora_mid.weight"): {2, 2}}), nil, "", "does not fit"},
		"a middle of another rank": {
			map[string][]int{
				key(conv, "lora_down.weight"): {2, 12, 1, 1}, key(conv, "lora_up.weight"): {16, 2, 1, 1},
				key(conv, "lora_mid.weight"): {3, 2, 3, 3},
			}, nil, "", "does not fit",
		},
		"DoRA of another width":   {with(map[string][]int{key(query, "dora_scale"): {1, 7}}), nil, "", "does not fit"},
		"a bias of another width": {map[string][]int{key(conv, "diff_b"): {3}}, nil, "", "for a bias of [16]"},
		"LoHa of two widths": {map[string][]int{
			key(query, "hada_w1_a"): {12, 2}, key(query, "hada_w1_b"): {2, 12}, key(query, "hada_w2_a"): {12, 2},
			key(query, "hada_w2_b"): {2, 11},
		}, nil, "", "does not fit"},
		"LoKr of odd factors": {map[string][]int{key(query, "lokr_w1"): {5, 2}, key(query, "lokr_w2"): {3, 6}}, nil, "",
			"does not fit"},
		"SDXL": {
			with(map[string][]int{
				key("down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k", "lora_down.weight"): {2, 2048},
				key("down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k", "lora_up.weight"):   {640, 2},
			}),
			nil, "Stable Diffusion 1", "“ink” is a LoRA for SDXL, and this model is Stable Diffusion 1",
		},
		"Flux": {map[string][]int{
			"lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight": {2, 2},
			"lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight":   {6, 2},
		}, nil, "SDXL", "“ink” is a LoRA for Flux, and this model is SDXL"},
	} {
		m := readGolden(t).model(4)
		m.Family = c.family
		_, _, err := Apply(context.Background(), m, []Use{{LoRA: loraFile(t, nil, c.shapes, c.values), Unet: 1, Text: 1}},
			nil)
		var refusal Refusal
		if !errors.As(err, &refusal) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want a refusal with %q", name, err, c.want)
		}
	}
}

// TestApplyTells counts what fits nothing.
func TestApplyTells(t *testing.T) {
	t.Parallel()
	shapes := map[string][]int{
		key(query, "lora_down.weight"): {2, 12}, key(query, "lora_up.weight"): {12, 2}, key(query, "diff_b"): {12},
		"lora_unet_away.lora_down.weight": {2, 2}, "lora_unet_away.lora_up.weight": {2, 2}, "away.bias_indices": {1},
		"text\x07" + strings.Repeat("x", 200): {1}, key(conv, "lora_down.weight"): {2, 12, 3, 3}, "../../x.weight": {1},
	}
	c, notes, err := Apply(context.Background(), readGolden(t).model(4),
		[]Use{{LoRA: loraFile(t, nil, shapes, nil), Unet: 1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(notes) != 1 || !strings.HasPrefix(notes[0],
		"“ink”: 7 of 9 weights fit nothing in this model and were left out (") ||
		strings.ContainsAny(notes[0], "\x07") || len(notes[0]) > 500 {
		t.Errorf("got the notes %q, want that 7 of 9 weights fit nothing", notes)
	}
	if len(c[weightname.Unet].Branches) != 1 || len(c[weightname.Unet].Weights) != 0 {
		t.Errorf("got %v, want one branch", c)
	}
}

// TestApplyNothing leaves out what has no strength, without opening it.
func TestApplyNothing(t *testing.T) {
	t.Parallel()
	c, notes, err := Apply(context.Background(), readGolden(t).model(4), []Use{{LoRA: &LoRA{Name: "gone"}}}, nil)
	if len(c) != 0 || len(notes) != 0 || err != nil {
		t.Errorf("got %v, %v, %v, want nothing", c, notes, err)
	}
}

// TestApplyCache reads a base weight once as long as its merged form is kept.
func TestApplyCache(t *testing.T) {
	t.Parallel()
	m := readGolden(t).model(4)
	read, count := m.Read, atomic.Int32{}
	m.Read = func(part, weight string) (tensor.Tensor, error) {
		count.Add(1)
		return read(part, weight)
	}
	cache, l := NewCache(1<<20), plainLoRA(t)
	var first Changes
	for i, c := range []struct {
		strength float64
		reads    int32
	}{{1, 1}, {1, 1}, {0.5, 2}, {1, 2}} {
		got, _, err := Apply(context.Background(), m, []Use{{LoRA: l, Unet: c.strength}}, cache)
		if err != nil || count.Load() != c.reads {
			t.Errorf("call %d: %d weights were read, want %d; %v", i, count.Load(), c.reads, err)
		}
		w := got[weightname.Unet].Weights[conv+".weight"]
		if first == nil {
			first = got
		} else if same := slices.Equal(w, first[weightname.Unet].Weights[conv+".weight"]); same != (c.strength == 1) {
			t.Errorf("call %d: the same weight as at first: %v", i, same)
		}
	}
	if want := int64(2 * 4 * 16 * 12 * 9); cache.size != want {
		t.Errorf("the cache keeps %d bytes, want %d", cache.size, want)
	}
}

// TestApplyKeepsBase leaves the base weight as it is.
func TestApplyKeepsBase(t *testing.T) {
	t.Parallel()
	m := readGolden(t).model(4)
	base, err := m.Read(weightname.Unet, conv+".weight")
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(base.Data)
	m.Read = func(string, string) (tensor.Tensor, error) { return base, nil }
	if _, _, err := Apply(context.Background(), m, []Use{{LoRA: plainLoRA(t), Unet: 1}}, nil); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(base.Data, before) {
		t.Error("the model's own weight was changed")
	}
}

// TestApplyStops ends with the context.
func TestApplyStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Apply(ctx, readGolden(t).model(4), []Use{{LoRA: plainLoRA(t), Unet: 1}}, nil); !errors.Is(err,
		context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

func TestCache(t *testing.T) {
	t.Parallel()
	c := NewCache(10)
	put := func(name string, n int) { c.put(name, make([]byte, n)) }
	kept := func() (names string) {
		for _, name := range []string{"a", "b", "c", "d"} {
			if _, ok := c.kept[name]; ok {
				names += name
			}
		}
		return names
	}
	put("a", 4)
	put("b", 4)
	c.get("a")
	put("c", 4)
	if got := kept(); got != "ac" || c.size != 8 {
		t.Errorf("got %q in %d bytes, want a, which was used after b, and c", got, c.size)
	}
	put("d", 11)
	if got := kept(); got != "ac" {
		t.Errorf("got %q: one that exceeds the budget was kept", got)
	}
	put("a", 6)
	if got := kept(); got != "ac" || c.size != 10 {
		t.Errorf("got %q in %d bytes, want a of 6 bytes and c", got, c.size)
	}
	var none *Cache
	none.put("a", nil)
	if _, ok := none.get("a"); ok {
		t.Error("no cache keeps something")
	}
}
