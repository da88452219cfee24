package checkpoint_test

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render/checkpoint"
	"darkroom/render/family"
	"darkroom/render/folder"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx/graph"
)

func open(t *testing.T, path string) *folder.Model {
	t.Helper()
	open := checkpoint.Open
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		open = checkpoint.OpenFolder
	}
	m, err := open(path, folder.Unhashed())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		family     *family.Family
		weights    string
		scheduler  string
		prediction string
		zeroSNR    bool
		side       int // it was trained at
		notes      int
	}{
		goldentest.CheckpointSD1:        {family.SD1, "float32", "PNDMScheduler", "epsilon", false, 512, 0},
		goldentest.CheckpointF16:        {family.SD1, "float16", "PNDMScheduler", "epsilon", false, 512, 0},
		goldentest.CheckpointBF16:       {family.SD1, "bfloat16", "PNDMScheduler", "epsilon", false, 512, 0},
		goldentest.CheckpointE4M3:       {family.SD1, "float8", "PNDMScheduler", "epsilon", false, 512, 0},
		goldentest.CheckpointMixed:      {family.SD1, "float8", "PNDMScheduler", "epsilon", false, 512, 0},
		goldentest.CheckpointEMA:        {family.SD1, "float32", "PNDMScheduler", "epsilon", false, 512, 0},
		goldentest.CheckpointMerged:     {family.SD1, "float32", "PNDMScheduler", "epsilon", false, 512, 0},
		goldentest.CheckpointNamed:      {family.SD1, "float32", "PNDMScheduler", "epsilon", false, 512, 0},
		goldentest.CheckpointSD1Folder:  {family.SD1, "float32", "PNDMScheduler", "epsilon", false, 512, 0},
		goldentest.CheckpointInpaint:    {family.SD1, "float16", "PNDMScheduler", "epsilon", false, 512, 0},
		goldentest.CheckpointSD2V:       {family.SD2, "float16", "DDIMScheduler", "v_prediction", false, 768, 1},
		goldentest.CheckpointSDXL:       {family.SDXL, "float32", "EulerDiscreteScheduler", "epsilon", false, 1024, 0},
		goldentest.CheckpointSDXLV:      {family.SDXL, "float16", "EulerDiscreteScheduler", "v_prediction", true, 1024, 0},
		goldentest.CheckpointSSD:        {family.SDXL, "float16", "EulerDiscreteScheduler", "epsilon", false, 1024, 0},
		goldentest.CheckpointSDXLFolder: {family.SDXL, "float16", "EulerDiscreteScheduler", "epsilon", false, 1024, 0},
		goldentest.CheckpointRefiner:    {family.Refiner, "float16", "EulerDiscreteScheduler", "epsilon", false, 1024, 0},
		goldentest.CheckpointRefinerFolder: {
			family.Refiner, "float16", "EulerDiscreteScheduler", "epsilon", false, 1024, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := open(t, goldentest.Checkpoint(t, name))
			c := m.Config
			if c.Family != want.family || c.Weights != want.weights || c.Scheduler != want.scheduler ||
				c.Prediction != want.prediction || c.ZeroSNR != want.zeroSNR || len(m.Unfollowed) != want.notes {
				t.Errorf("got %s, %s, %s, %s, zero SNR %v, notes %q, want %+v", c.Family.Name, c.Weights, c.Scheduler, c.Prediction,
					c.ZeroSNR, m.Unfollowed, want)
			}
			folderOf := strings.HasSuffix(name, "folder") // its UNet's config says how large its pictures are
			if side := (folder.Size{Width: want.side, Height: want.side}); !folderOf && c.NativeSize != side {
				t.Errorf("got the size %v, want %v", c.NativeSize, side)
			}
			if zeros := want.family == family.SDXL; c.ZerosForEmptyPrompt != zeros {
				t.Errorf("zeros for an empty negative prompt: got %v, want %v", c.ZerosForEmptyPrompt, zeros)
			}
			if (c.Extra != nil) != (name == goldentest.CheckpointInpaint) || !c.CanEncode || !c.SupportsSeamless {
				t.Errorf("got extra input %v, encoder %v, seamless %v", c.Extra, c.CanEncode, c.SupportsSeamless)
			}
		})
	}
}

// TestOneGraphForAShape: checkpoints of one shape and element type have the same graphs, whatever their names and
// numbers.
func TestOneGraphForAShape(t *testing.T) {
	t.Parallel()
	graphs := func(name string) (all []string) {
		m := open(t, goldentest.Checkpoint(t, name))
		for _, n := range []folder.Network{
			m.TextEncoderNetwork(0), m.UnetNetwork(), m.EncoderNetwork(), m.DecoderNetwork(),
		} {
			w, err := n.Written.Write(graph.WriteOptions{Branches: true})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(w.Model))
		}
		return all
	}
	own := graphs(goldentest.CheckpointSD1)
	for _, same := range []string{
		goldentest.CheckpointNamed, goldentest.CheckpointMerged, goldentest.CheckpointEMA, goldentest.CheckpointSD1Folder,
	} {
		if !slices.Equal(graphs(same), own) {
			t.Errorf("%s: other graphs than of the same model by its authors' keys", same)
		}
	}
	if slices.Equal(graphs(goldentest.CheckpointF16), own) {
		t.Error("float16 weights have the graphs of float32 ones")
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	lora := `{"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`
	flux := `{"model.diffusion_model.double_blocks.0.img_attn.qkv.weight":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`
	scaled := `{"model.diffusion_model.out.0.scale_weight":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`
	refiner := `{"model.diffusion_model.label_emb.0.0.weight":{"dtype":"F16","shape":[1,1],"data_offsets":[0,2]},` +
		`"model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight":` +
		`{"dtype":"F16","shape":[1,1280],"data_offsets":[2,2562]},` +
		`"first_stage_model.decoder.conv_in.weight":{"dtype":"F16","shape":[1,1,1,1],"data_offsets":[2562,2564]}}`
	header := func(json string) string {
		return string(binary.LittleEndian.AppendUint64(nil, uint64(len(json)))) + json
	}
	refiner = header(refiner) + strings.Repeat("\x00", 2564)
	for path, want := range map[string]string{
		write("a.ckpt", "x"):           "pickle",
		write("a.pt", "x"):             "pickle",
		write("a.gguf", "GGUF"):        "GGUF files are not opened yet",
		write("a.txt", "x"):            "want a .safetensors file",
		write("empty.safetensors", ""): "empty",
		write("lfs.safetensors", "version https://git-lfs.github.com/spec/v1"): "git lfs pull",
		write("page.safetensors", "<!doctype html>"):                           "web page",
		write("zip.safetensors", "PK\x03\x04 and so on"):                       "pickle under another name",
		write("gguf.safetensors", "GGUF and so on"):                            "GGUF under another name",
		write("short.safetensors", "\x10"):                                     "no safetensors file",
		write("lora.safetensors", header(lora)):                                "a LoRA; it belongs into the folder loras",
		write("flux.safetensors", header(flux)):                                "a Flux model",
		write("scaled.safetensors", header(scaled)):                            "a scale each",
		write("nothing.safetensors", header(`{}`)):                             "no weights of a UNet",
		filepath.Join(dir, "gone.safetensors"):                                 "no such file",
		write("unet.safetensors", refiner):                                     "an SDXL refiner without its text encoder",
		goldentest.Checkpoint(t, goldentest.CheckpointVAE):                     "a VAE alone; it belongs into the folder vae",
		goldentest.Checkpoint(t, goldentest.CheckpointNoVAE):                   "beside it in sd1-novae.vae.safetensors",
	} {
		_, err := checkpoint.Open(path)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") ||
			!strings.Contains(err.Error(), filepath.Base(path)) {
			t.Errorf("%s: got %v, want one line with the name and %q", filepath.Base(path), err, want)
		}
	}
}

// TestLinked: a link to a checkpoint is a model of the link's name, and its weights are in the file.
func TestLinked(t *testing.T) {
	t.Parallel()
	path := goldentest.Checkpoint(t, goldentest.CheckpointSD1)
	link := filepath.Join(t.TempDir(), "other.safetensors")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	m := open(t, link)
	if m.Name != "other" || m.UnetNetwork().Written.Files[path] == nil {
		t.Errorf("got %q with files %v, want the name other and the file %s", m.Name, m.UnetNetwork().Written.Files, path)
	}
}

// TestCardBeside: what a file does not say of itself stands beside it.
func TestCardBeside(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, card string
		scheduler  string
		prediction string
		zeroSNR    bool
		kind       *family.Distillation
		notes      int
		steps      int // as the name says
	}{
		"nothing": {"boats.safetensors", "", "PNDMScheduler", "epsilon", false, nil, 0, 0},
		"a card":  {"boats.safetensors", `{"name":"Boats"}`, "PNDMScheduler", "epsilon", false, nil, 0, 0},
		"velocity": {
			"b.safetensors", `{"prediction":"v_prediction"}`, "PNDMScheduler", "v_prediction", false, nil, 0, 0,
		},
		"zero SNR": {"b.safetensors", `{"zero_snr":true}`, "DDIMScheduler", "epsilon", true, nil, 0, 0},
		"another scheduler": {
			"b.safetensors", `{"scheduler":{"_class_name":"LCMScheduler"}}`, "LCMScheduler", "epsilon", false,
			family.LCMInWeights, 0, 0,
		},
		"turbo by name": {
			"Boats-Turbo_v2.safetensors", "", "EulerAncestralDiscreteScheduler", "epsilon", false, family.Turbo, 1, 0,
		},
		"lightning by name": {
			"boats_lightning4step.safetensors", "", "EulerDiscreteScheduler", "epsilon", false, family.Lightning, 1, 4,
		},
		"LCM by name":        {"boats-lcm.safetensors", "", "LCMScheduler", "epsilon", false, family.LCMInWeights, 1, 0},
		"a word in a word":   {"turbocharged.safetensors", "", "PNDMScheduler", "epsilon", false, nil, 0, 0},
		"a card over a name": {"lcm.safetensors", `{"scheduler":{}}`, "PNDMScheduler", "epsilon", false, nil, 0, 0},
		"joined by a capital": {
			"photo_v21TurboDPMSDE.safetensors", "", "EulerAncestralDiscreteScheduler", "epsilon", false, family.Turbo, 1, 0,
		},
		"for one step": {
			"Hyper-1-step_v1.safetensors", "", "EulerDiscreteScheduler", "epsilon", false, family.Lightning, 1, 1,
		},
		"not few": {"hyperreal_8steps.safetensors", "", "PNDMScheduler", "epsilon", false, nil, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := goldentest.Checkpoint(t, goldentest.CheckpointF16)
			renamed := filepath.Join(filepath.Dir(path), c.file)
			if err := os.Rename(path, renamed); err != nil {
				t.Fatal(err)
			}
			if c.card != "" {
				beside := strings.TrimSuffix(renamed, ".safetensors") + ".json"
				if err := os.WriteFile(beside, []byte(c.card), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			m := open(t, renamed)
			got := m.Config
			if got.Scheduler != c.scheduler || got.Prediction != c.prediction || got.ZeroSNR != c.zeroSNR ||
				got.Distillation != c.kind || len(m.Unfollowed) != c.notes || len(m.Guess.Traits) != c.notes ||
				m.Guess.Steps != c.steps {
				t.Errorf("got %s, %s, %v, %v, %q, want %+v", got.Scheduler, got.Prediction, got.ZeroSNR, got.Distillation,
					m.Unfollowed, c)
			}
			var card struct{ Name string }
			if c.card != "" {
				if err := json.Unmarshal([]byte(c.card), &card); err != nil {
					t.Fatal(err)
				}
			}
			if want := cmp.Or(card.Name, strings.TrimSuffix(c.file, ".safetensors")); m.Name != want {
				t.Errorf("got the name %q, want %q", m.Name, want)
			}
		})
	}
}

// TestLowResolutionByName: Stable Diffusion 2 of 512 pixels is told by whole words of a file's name.
func TestLowResolutionByName(t *testing.T) {
	t.Parallel()
	path := goldentest.Checkpoint(t, goldentest.CheckpointSD2V)
	for name, want := range map[string]string{
		"databaseXL": "v_prediction", "photobase": "v_prediction", "turbografx": "v_prediction", "x15120": "v_prediction",
		"v2-base": "epsilon", "sd21Base": "epsilon", "v2-512px": "epsilon", "boats_eps": "epsilon", "sd-turbo": "epsilon",
	} {
		renamed := filepath.Join(filepath.Dir(path), name+".safetensors")
		if err := os.Rename(path, renamed); err != nil {
			t.Fatal(err)
		}
		path = renamed
		if got := open(t, path).Config.Prediction; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// TestFolderWithoutAPart names the part that is missing.
func TestFolderWithoutAPart(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"unet", "vae", "text_encoder"} {
		dir := goldentest.Checkpoint(t, goldentest.CheckpointSD1Folder)
		if err := os.RemoveAll(filepath.Join(dir, part)); err != nil {
			t.Fatal(err)
		}
		if !checkpoint.IsFolder(dir) {
			t.Errorf("without %s: not taken for a folder of safetensors", part)
		}
		if _, err := checkpoint.OpenFolder(dir); err == nil || !strings.HasSuffix(err.Error(), "in the folder "+part) {
			t.Errorf("got %v, want that the folder %s has no weights", err, part)
		}
	}
}
