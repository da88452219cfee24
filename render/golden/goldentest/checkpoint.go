package goldentest

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The checkpoints. Each is a file NAME.safetensors, but those that end in -folder: a folder as diffusers saves it.
const (
	CheckpointSD1           = "sd1"            // Stable Diffusion 1 by its authors' keys, float32
	CheckpointF16           = "sd1-f16"        // the same in float16, VAE and text encoder too
	CheckpointBF16          = "sd1-bf16"       // in bfloat16
	CheckpointE4M3          = "sd1-f8e4m3"     // in 8 bits
	CheckpointE5M2          = "sd1-f8e5m2"     // in the other 8 bits
	CheckpointMixed         = "sd1-mixed"      // UNet in 8 bits, text encoder in float16, VAE in float32
	CheckpointNoVAE         = "sd1-novae"      // without a VAE
	CheckpointEMA           = "sd1-ema"        // with averaged weights beside, which are not to be read
	CheckpointMerged        = "sd1-merged"     // the text encoder's keys as in old merges, without text_model
	CheckpointNamed         = "sd1-named"      // one file by diffusers' names: unet., vae., text_encoder.
	CheckpointSD1Folder     = "sd1-folder"     // as diffusers and transformers of today save it
	CheckpointInpaint       = "inpaint"        // a UNet of nine channels, float16
	CheckpointSD2           = "sd2-base"       // Stable Diffusion 2: open_clip's keys, linear projections, epsilon
	CheckpointSD2V          = "sd2-v"          // the same in float16, and by A1111's probe a velocity
	CheckpointSDXL          = "sdxl"           // SDXL by sgm's keys, float32
	CheckpointSDXLF16       = "sdxl-f16"       // in float16
	CheckpointSDXLV         = "sdxl-vpred"     // the same with the marker tensors v_pred and ztsnr
	CheckpointSDXLFolder    = "sdxl-folder"    // the same as diffusers saves it, with .fp16 in the files' names
	CheckpointRefiner       = "refiner"        // SDXL's refiner: one text encoder, five sizes, float16
	CheckpointRefinerFolder = "refiner-folder" // the same as diffusers saves it
	CheckpointSSD           = "ssd"            // a pruned SDXL as SSD-1B: other depths, half a middle block, float16
	CheckpointVAE           = "vae"            // a VAE alone by its authors' keys: another one than in the checkpoints
	CheckpointVAENamed      = "vae-named"      // the same by diffusers' names
)

// LoRAs for the checkpoints sd1, sdxl and sd2-base, in files that Checkpoint writes, too: rank 4, by the names of
// kohya's trainer, around the UNet and all text encoders. Those of b have other alphas, and change convolutions in
// place of the feed-forward layers.
const (
	LoRASD1A  = "lora-sd1-a"
	LoRASD1B  = "lora-sd1-b"
	LoRASDXLA = "lora-sdxl-a"
	LoRASDXLB = "lora-sdxl-b"
	LoRASD2A  = "lora-sd2-a"
)

// checkpoints is checkpoints.json.gz: which weights lie under which key. recipe/checkpoints.py writes it.
type checkpoints struct {
	Tokens  []int                      `json:"tokens"`  // rows of a token embedding that are drawn; the others are zeros
	Weights map[string][]weightRule    `json:"weights"` // by group: each weight by the name that diffusers has for it
	Namings map[string][]keyOfWeight   `json:"namings"` // how a kind of file calls them
	Models  map[string]checkpointModel `json:"models"`

	rules map[string]map[string]weightRule // Weights by group and name
}

type checkpointModel struct {
	Files   []checkpointFile           `json:"files"`
	Configs map[string]json.RawMessage `json:"configs"` // by path
}

type checkpointFile struct {
	Path  string           `json:"path"`
	Parts []checkpointPart `json:"parts"`
	Extra []extraTensor    `json:"extra"`
	Sum   string           `json:"sum"` // SHA-256 of what the recipe wrote after the header
}

// checkpointPart is the weights of a group under the keys of a naming.
type checkpointPart struct {
	Group    string                `json:"group"`
	Naming   string                `json:"naming"` // "" for diffusers' own names
	Prefix   string                `json:"prefix"`
	DType    string                `json:"dtype"`
	Override map[string][2]float64 `json:"override"` // scale and offset of single weights
}

// weightRule is how a weight is drawn: [name, shape, scale, offset].
type weightRule struct {
	name          string
	shape         []int
	scale, offset float64
}

// UnmarshalJSON implements json.Unmarshaler.
func (w *weightRule) UnmarshalJSON(data []byte) error {
	return unmarshalList(data, &w.name, &w.shape, &w.scale, &w.offset)
}

// keyOfWeight is a key and the weights whose rows lie under it, one after the other: [key, [names], form?].
type keyOfWeight struct {
	key     string
	weights []string
	form    string // "T" is transposed, "C" is a linear layer as a convolution of 1×1
}

// UnmarshalJSON implements json.Unmarshaler.
func (k *keyOfWeight) UnmarshalJSON(data []byte) error {
	return unmarshalList(data, &k.key, &k.weights, &k.form)
}

// extraTensor is one that is no weight: [key, type, shape, [scale, offset]?].
type extraTensor struct {
	key, dtype string
	shape      []int
	drawn      []float64
}

// UnmarshalJSON implements json.Unmarshaler.
func (e *extraTensor) UnmarshalJSON(data []byte) error {
	return unmarshalList(data, &e.key, &e.dtype, &e.shape, &e.drawn)
}

// unmarshalList reads a JSON list into values, of which the last ones may be missing.
func unmarshalList(data []byte, into ...any) error {
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	for i, item := range list {
		if err := json.Unmarshal(item, into[i]); err != nil {
			return err
		}
	}
	return nil
}

// CheckpointNames lists all checkpoints, sorted.
func CheckpointNames(t testing.TB) []string {
	t.Helper()
	return slices.Sorted(maps.Keys(readCheckpoints(t).Models))
}

// Checkpoint writes a checkpoint with random weights into a folder that is gone when the test ends. It returns the path
// of the file, or of the model folder. Embeddings of tokens that no recorded prompt has are holes in the file.
func Checkpoint(t testing.TB, name string) string {
	t.Helper()
	dir := t.TempDir()
	all := readCheckpoints(t)
	model, ok := all.Models[name]
	if !ok {
		t.Fatalf("no golden checkpoint %q, there are %q", name, CheckpointNames(t))
	}
	for path, config := range model.Configs {
		writeFile(t, filepath.Join(dir, filepath.FromSlash(path)), config)
	}
	for _, file := range model.Files {
		path := filepath.Join(dir, filepath.FromSlash(file.Path))
		sum, err := all.write(path, file)
		if err != nil {
			t.Fatal(err)
		}
		if sum != file.Sum {
			t.Fatalf("%s: data with the hash %s, want %s as the recipe wrote", file.Path, sum, file.Sum)
		}
	}
	first, _, _ := strings.Cut(model.Files[0].Path, "/")
	return filepath.Join(dir, first)
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func readCheckpoints(t testing.TB) *checkpoints {
	t.Helper()
	data, err := Unzip(filepath.Join(testdata(), "checkpoints.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	all := &checkpoints{rules: map[string]map[string]weightRule{}}
	if err := json.Unmarshal(data, all); err != nil {
		t.Fatal(err)
	}
	for group, rules := range all.Weights {
		all.rules[group] = map[string]weightRule{}
		for _, rule := range rules {
			all.rules[group][rule.name] = rule
		}
	}
	return all
}
