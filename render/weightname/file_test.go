package weightname

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// recorded are the places of diffusers' converter: by kind and canonical name the key, the third and whether it is
// transposed. See recipe/record.py.
func recorded(t *testing.T) map[string]map[string]Place {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "names.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	data, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]map[string][3]any
	if err := json.NewDecoder(data).Decode(&raw); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]map[string]Place{}
	for kind, names := range raw {
		kinds[kind] = map[string]Place{}
		for name, p := range names {
			kinds[kind][name] = Place{Key: p[0].(string), Third: int(p[1].(float64)), Transposed: p[2].(bool)}
		}
	}
	return kinds
}

func keysOf(places map[string]Place, prefix string) []string {
	var keys []string
	for _, p := range places {
		if key := prefix + p.Key; !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// TestRead translates the keys of whole checkpoints as diffusers' single-file converter does.
func TestRead(t *testing.T) {
	t.Parallel()
	kinds := recorded(t)
	for _, c := range []struct{ kind, part, prefix string }{
		{"sd1", Unet, "model.diffusion_model."},
		{"sdxl", Unet, "model.diffusion_model."},
		{"refiner", Unet, "model.diffusion_model."},
		{"ssd-1b", Unet, "model.diffusion_model."},
		{"one-layer", Unet, "model.diffusion_model."},
		{"sdxl", Unet, ""},
		{"vae", VAE, "first_stage_model."},
		{"vae", VAE, ""},
		{"clip", TextEncoder, "cond_stage_model.transformer."},
		{"clip", TextEncoder, "conditioner.embedders.0.transformer."},
		{"clip", TextEncoder, ""},
		{"open_clip", TextEncoder, "cond_stage_model.model."},
		{"open_clip", TextEncoder2, "conditioner.embedders.1.model."},
		{"open_clip", TextEncoder2, "conditioner.embedders.0.model."},
		{"open_clip", TextEncoder2, ""},
	} {
		want := kinds[c.kind]
		f := Read(keysOf(want, c.prefix))
		got := f.Parts[c.part]
		if len(got) != len(want) || len(f.Unknown) != 0 || len(f.Parts) != 1 {
			t.Errorf("%s below %q: %d weights and %d unknown keys, want %d and none", c.kind, c.prefix, len(got),
				len(f.Unknown), len(want))
		}
		for name, place := range want {
			place.Key = c.prefix + place.Key
			if got[name] != place {
				t.Errorf("%s below %q: %s lies at %v, want %v", c.kind, c.prefix, name, got[name], place)
			}
		}
	}
}

// TestReadCanonical reads files of diffusers' own names, which mean themselves.
func TestReadCanonical(t *testing.T) {
	t.Parallel()
	for kind, places := range recorded(t) {
		part := map[string]string{"vae": VAE, "clip": TextEncoder, "open_clip": TextEncoder2}[kind]
		if part == "" {
			part = Unet
		}
		var names []string
		for name := range places {
			names = append(names, name)
		}
		f := ReadPart(part, names)
		for _, name := range names {
			if got := f.Parts[part][name]; got != (Place{Key: name}) {
				t.Errorf("%s: %s lies at %v, want itself", kind, name, got)
			}
		}
		if len(f.Unknown) != 0 {
			t.Errorf("%s: unknown keys %v", kind, f.Unknown)
		}
	}
}

// TestReadWhole reads a file of several parts, with what checkpoints carry besides.
func TestReadWhole(t *testing.T) {
	t.Parallel()
	kinds := recorded(t)
	useless := []string{
		"betas", "cond_stage_model.transformer.text_model.embeddings.position_ids", "model_ema.decay",
		"cond_stage_model.logit_scale", "model.diffusion_model.input_blocks.99999999999999999999.0.op.weight",
		"v_pred", "first_stage_model.loss.logvar", "model.diffusion_model.", "model.diffusion_model.middle_block.0.x",
	}
	keys := slices.Clone(useless)
	keys = append(keys, keysOf(kinds["sdxl"], "model.diffusion_model.")...)
	keys = append(keys, keysOf(kinds["vae"], "first_stage_model.")...)
	keys = append(keys, keysOf(kinds["clip"], "conditioner.embedders.0.transformer.")...)
	keys = append(keys, keysOf(kinds["open_clip"], "conditioner.embedders.1.model.")...)
	f := Read(keys)
	slices.Sort(useless)
	if !slices.Equal(f.Unknown, useless) {
		t.Errorf("unknown keys: got %v, want %v", f.Unknown, useless)
	}
	for part, kind := range map[string]string{
		Unet: "sdxl", VAE: "vae", TextEncoder: "clip", TextEncoder2: "open_clip",
	} {
		if len(f.Parts[part]) != len(kinds[kind]) {
			t.Errorf("%s: got %d weights, want %d", part, len(f.Parts[part]), len(kinds[kind]))
		}
	}
	if l := f.Layout; l.Blocks != 3 || l.Layers != 2 || !slices.Equal(l.UpAttention, []bool{true, true, false}) {
		t.Errorf("layout: got %+v, want SDXL's", l)
	}
	tensors := map[string]bool{}
	for _, place := range f.Parts[TextEncoder2] {
		tensors[place.Key] = true
	}
	if len(tensors) != 149 {
		t.Errorf("the second text encoder lies in %d tensors, want 149", len(tensors))
	}
	// Older files have the first encoder without text_model, and the VAE's attention by diffusers' older names.
	for key, want := range map[string]string{
		"cond_stage_model.transformer.encoder.layers.0.mlp.fc1.bias": "text_model.encoder.layers.0.mlp.fc1.bias",
		"vae.decoder.mid_block.attentions.0.proj_attn.weight":        "decoder.mid_block.attentions.0.to_out.0.weight",
	} {
		f := Read([]string{key})
		if f.Parts[TextEncoder][want].Key != key && f.Parts[VAE][want].Key != key {
			t.Errorf("%s: got %v, want %s", key, f.Parts, want)
		}
	}
}

// TestOriginal translates canonical names back, where the original has a place for them.
func TestOriginal(t *testing.T) {
	t.Parallel()
	for kind, places := range recorded(t) {
		var names []string
		for name := range places {
			names = append(names, name)
		}
		layout := LayoutOf(names)
		want := LayoutOf(keysOf(places, ""))
		if kind != "vae" && kind != "clip" && kind != "open_clip" && !reflect.DeepEqual(layout, want) {
			t.Errorf("%s: canonical names give the layout %+v, original ones %+v", kind, layout, want)
		}
		for name, want := range places {
			got := Place{}
			switch kind {
			case "clip":
				continue
			case "open_clip":
				got = textOpenClip(name)
			case "vae":
				got.Key = vaeOriginal(name, 4)
			default:
				got.Key = layout.UnetOriginal(name)
				if module := layout.UnetOriginal(strings.TrimSuffix(name, ".weight")); strings.HasSuffix(name, ".weight") &&
					module+".weight" != want.Key {
					t.Errorf("%s: the module of %s is called %q, want that of %s", kind, name, module, want.Key)
				}
			}
			if got != want {
				t.Errorf("%s: %s is originally %v, want %v", kind, name, got, want)
			}
		}
	}
	if got := (Layout{Blocks: 4, Layers: 2}).UnetOriginal("nothing.like.it"); got != "" {
		t.Errorf("an unknown name is originally %q, want nothing", got)
	}
	if got := textOpenClip("x.y"); got != (Place{}) || vaeOriginal("x.y", 4) != "" {
		t.Errorf("an unknown name of a text encoder is at %v, want nowhere", got)
	}
}
