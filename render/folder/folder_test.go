package folder_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"darkroom/render/family"
	"darkroom/render/folder"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
)

func truncate(t *testing.T, path string, keep func(size int64) int64) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, keep(info.Size())); err != nil {
		t.Fatal(err)
	}
}

func TestOpenFolder(t *testing.T) {
	t.Parallel()
	dir := onnxtest.Folder{Batch: 1, Timestep: graph.Value{Type: graph.Int64}}.Temp(t)
	onnxtest.WriteFile(t, dir, "unet/config.json", `{"sample_size":64,"cross_attention_dim":4}`)
	onnxtest.WriteFile(
		t, dir, "vae_decoder/config.json",
		`{"scaling_factor":0.25,"latent_channels":4,"block_out_channels":[1,2,3,4],"shift_factor":null}`,
	)
	onnxtest.WriteFile(
		t,
		dir,
		"scheduler/scheduler_config.json",
		`{"_class_name":"PNDMScheduler","beta_start":0.001,"beta_end":0.01,"beta_schedule":"linear",
		"num_train_timesteps":500,"prediction_type":"v_prediction","steps_offset":1,"timestep_spacing":"trailing",
		"set_alpha_to_one":false,"rescale_betas_zero_snr":true}`,
	)
	onnxtest.WriteFile(
		t,
		dir,
		"darkroom.json",
		`{"name":"little","words":{"things":["Red boat","sea"],"places":["on the sea"]},
		"sizes":[{"width":64,"height":128}],"defaults":{"width":64,"height":64,"steps":9,"guidance":2.5,"sampler":"ddim"},
		"examples":["a boat"],"later":1}`,
	)
	f, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := folder.Config{
		Kind: family.Kind{Family: family.SD1}, Pipeline: "StableDiffusionPipeline", Prediction: "v_prediction",
		Scheduler: "PNDMScheduler", TrainSteps: 500, BetaStart: 0.001, BetaEnd: 0.01, BetaSchedule: "linear",
		ZeroSNR: true, TimestepSpacing: "trailing", StepsOffset: 1, ScalingFactor: 0.25, LatentChannels: 4,
		PixelsPerLatent: 8, TextLength: 77, TextWidth: 4, NativeSize: folder.Size{Width: 512, Height: 512},
		SizeMultiple: 64, CanEncode: true, SetAlphaToOne: new(bool),
	}
	if !reflect.DeepEqual(f.Config, want) {
		t.Errorf("got config %+v\nwant %+v", f.Config, want)
	}
	if f.Name != "little" || f.Dir != dir || f.Bytes <= 0 {
		t.Errorf("got name %q, dir %q, %d bytes; want little, %q", f.Name, f.Dir, f.Bytes, dir)
	}
	if got, want := fmt.Sprint(f.Card.Vocabulary()), "[boat on red sea the]"; got != want {
		t.Errorf("got vocabulary %v, want %v", got, want)
	}
	card := folder.Defaults{Size: folder.Size{Width: 64, Height: 64}, Steps: 9, GuidanceScale: 2.5, Sampler: "ddim"}
	if f.Card.Defaults != card {
		t.Errorf("got defaults %+v, want %+v", f.Card.Defaults, card)
	}
}

func TestOpenOldFolder(t *testing.T) {
	t.Parallel()
	f, err := folder.Open(
		onnxtest.Folder{Class: "OnnxStableDiffusionPipeline", WeightsAsInputs: true, NoEncoder: true}.Temp(t),
	)
	if err != nil {
		t.Fatal(err)
	}
	c := f.Config
	if c.ScalingFactor != 0.18215 || c.PixelsPerLatent != 8 || c.TextWidth != onnxtest.Width || c.CanEncode ||
		c.SetAlphaToOne != nil ||
		c.Prediction != "epsilon" {
		t.Errorf("got %+v, want Stable Diffusion 1's constants and no encoder", c)
	}
	if f.Name != "tiny" || !reflect.DeepEqual(f.Card, folder.Card{}) || len(f.Card.Vocabulary()) != 0 {
		t.Errorf("got name %q and card %+v, want the folder's name and none", f.Name, f.Card)
	}
}

// TestNativeSize: sample_size is a number of latents, or height and width.
func TestNativeSize(t *testing.T) {
	t.Parallel()
	for unet, want := range map[string]folder.Size{
		`{"sample_size":64}`: {Width: 512, Height: 512}, `{"sample_size":[8,12]}`: {Width: 96, Height: 64},
		`{"sample_size":[96,96]}`: {Width: 768, Height: 768}, `{"sample_size":null}`: {}, `{"sample_size":[8]}`: {},
		`{"sample_size":0}`: {}, `{"sample_size":[-8,8]}`: {}, `{"sample_size":1e300}`: {}, `{"sample_size":["8",8]}`: {},
	} {
		dir := onnxtest.Folder{}.Temp(t)
		onnxtest.WriteFile(t, dir, "unet/config.json", unet)
		f, err := folder.Open(dir)
		if err != nil || f.Config.NativeSize != want {
			t.Errorf("%s: got %v, %v, want %v", unet, f.Config.NativeSize, err, want)
		}
	}
}

// TestTokenizerFiles: a tokenizer is vocab.json and merges.txt, or tokenizer.json alone.
func TestTokenizerFiles(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"tokenizer", "tokenizer_2"} {
		for name, c := range map[string]struct {
			gone []string
			json string
			says string
		}{
			"tokenizer.json alone":    {[]string{"vocab.json", "merges.txt"}, `{"model":{}}`, ""},
			"an empty tokenizer.json": {[]string{"vocab.json", "merges.txt"}, "", part + "/tokenizer.json: empty"},
			"half of the others":      {[]string{"merges.txt"}, `{"model":{}}`, part + "/merges.txt: no such file"},
		} {
			dir := goldentest.Model(t, goldentest.SDXL)
			for _, file := range c.gone {
				remove(part+"/"+file)(t, dir)
			}
			onnxtest.WriteFile(t, dir, part+"/tokenizer.json", c.json)
			_, err := folder.Open(dir)
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s in %s: got %v, want %q", name, part, err, c.says)
			}
		}
	}
}

func TestMultiple(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		unet string
		want int
	}{
		"nothing said":   {`{}`, 64},
		"one block":      {`{"down_block_types":["a"]}`, 8},
		"two blocks":     {`{"down_block_types":["a","b"]}`, 16},
		"four blocks":    {`{"down_block_types":["a","b","c","d"]}`, 64},
		"no such blocks": {`{"down_block_types":null}`, 64},
	} {
		dir := onnxtest.Folder{}.Temp(t)
		onnxtest.WriteFile(t, dir, "unet/config.json", c.unet)
		f, err := folder.Open(dir)
		if err != nil || f.Config.SizeMultiple != c.want {
			t.Errorf("%s: got %d, %v, want %d", name, f.Config.SizeMultiple, err, c.want)
		}
	}
	f, err := folder.Open(onnxtest.Folder{Side: 3}.Temp(t))
	if want := (folder.Size{Width: 24, Height: 24}); err != nil || f.Config.FixedSize != want ||
		f.Config.SizeMultiple != 8 {
		t.Errorf(
			"one size: got %v in multiples of %d, %v, want %v in multiples of 8", f.Config.FixedSize, f.Config.SizeMultiple,
			err, want,
		)
	}
}

// TestLinkedParts links a part and the whole folder to where they lie, as people do who share text encoders.
func TestLinkedParts(t *testing.T) {
	t.Parallel()
	dir := onnxtest.Folder{External: true}.Temp(t)
	want, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"text_encoder", "tokenizer"} {
		path, away := filepath.Join(dir, part), filepath.Join(t.TempDir(), ".hidden-"+part)
		if err := errors.Join(os.Rename(path, away), os.Symlink(away, path)); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	got, err := folder.Open(link)
	if err != nil {
		t.Fatal(err)
	}
	if got.Hash != want.Hash || got.Bytes != want.Bytes {
		t.Errorf("linked: got %s over %d bytes, want %s over %d", got.Hash, got.Bytes, want.Hash, want.Bytes)
	}
}

// TestTextsOfOtherEditors saves the files that people write as Windows does.
func TestTextsOfOtherEditors(t *testing.T) {
	t.Parallel()
	const card = `{"name": "café"}`
	var little, big []byte
	for _, r := range "\ufeff" + card {
		little = binary.LittleEndian.AppendUint16(little, uint16(r))
		big = binary.BigEndian.AppendUint16(big, uint16(r))
	}
	for name, data := range map[string]string{
		"UTF-8 with a mark": "\ufeff" + card, "UTF-16 of PowerShell": string(little), "UTF-16 BE": string(big),
	} {
		dir := goldentest.Model(t, goldentest.SDXL)
		onnxtest.WriteFile(t, dir, "darkroom.json", data)
		if m, err := folder.Open(dir); err != nil || m.Name != "café" {
			t.Errorf("%s: got %v and error %v, want a model called café", name, m, err)
		}
	}
}

// rename moves a file.
func rename(from, to string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, from))
		if err != nil {
			t.Fatal(err)
		}
		onnxtest.WriteFile(t, dir, to, string(data))
		remove(from)(t, dir)
	}
}

func TestRefusedFolders(t *testing.T) {
	t.Parallel()
	half := func(n int64) int64 { return n / 2 }
	for _, c := range []struct {
		name   string
		folder onnxtest.Folder
		spoil  func(t *testing.T, dir string)
		says   []string
	}{
		{"nothing there", onnxtest.Folder{}, remove("."), []string{"tiny", "no such file"}},
		{"no model", onnxtest.Folder{}, remove("model_index.json"), []string{"not a model folder", "model_index.json"}},
		{
			"a broken index", onnxtest.Folder{}, replace("model_index.json", "{"),
			[]string{"model_index.json", "unexpected end"},
		},
		{
			"a comma too many", onnxtest.Folder{}, replace("darkroom.json", "{\n  \"name\": \"x\",\n}\n"),
			[]string{"darkroom.json:3:1: invalid character '}'"},
		},
		{
			"a number in quotes", onnxtest.Folder{}, replace("darkroom.json", `{"defaults": {"steps": "20"}}`),
			[]string{"darkroom.json:1:", "string"},
		},
		{
			"a network by another name", onnxtest.Folder{}, rename("unet/model.onnx", "unet/unet.onnx"),
			[]string{"unet/model.onnx", "no such file", "there is unet/unet.onnx: rename it"},
		},
		{
			"a network in another place", onnxtest.Folder{}, rename("vae_decoder/model.onnx", "onnx/vae_decoder_fp16.onnx"),
			[]string{"vae_decoder/model.onnx", "there is onnx/vae_decoder_fp16.onnx: rename it"},
		},
		{
			"SDXL without its second encoder", onnxtest.Folder{Class: "StableDiffusionXLPipeline"}, nil,
			[]string{"tokenizer_2/vocab.json", "no such file"},
		},
		{
			"Stable Diffusion 3",
			onnxtest.Folder{Class: "StableDiffusion3Pipeline"},
			nil,
			[]string{"model_index.json", "a Stable Diffusion 3 model", "SDXL and LCM are supported"},
		},
		{"Flux", onnxtest.Folder{Class: "ORTFluxPipeline"}, nil, []string{"a Flux model"}},
		{
			"something else", onnxtest.Folder{Class: "WhisperPipeline"}, nil,
			[]string{"WhisperPipeline", "want a StableDiffusionPipeline"},
		},
		{
			"no vocabulary", onnxtest.Folder{}, remove("tokenizer/vocab.json"), []string{"tokenizer/vocab.json", "no such file"},
		},
		{"empty merges", onnxtest.Folder{}, replace("tokenizer/merges.txt", ""), []string{"tokenizer/merges.txt", "empty"}},
		{"no scheduler", onnxtest.Folder{}, remove("scheduler"), []string{"scheduler/scheduler_config.json", "no such file"}},
		{
			"latents of 16 channels",
			onnxtest.Folder{},
			replace("vae_decoder/config.json", `{"latent_channels":16}`),
			[]string{"vae_decoder/config.json", "16 channels", "want 4"},
		},
		{
			"shifted latents",
			onnxtest.Folder{},
			replace("vae_decoder/config.json", `{"shift_factor":0.1}`),
			[]string{"shift_factor"},
		},
		{
			"a scale of zero",
			onnxtest.Folder{},
			replace("vae_decoder/config.json", `{"scaling_factor":0}`),
			[]string{"scaling_factor 0"},
		},
		{
			"no text encoder", onnxtest.Folder{}, remove("text_encoder/model.onnx"),
			[]string{"text_encoder/model.onnx", "no such file"},
		},
		{"no UNet", onnxtest.Folder{}, remove("unet/model.onnx"), []string{"unet/model.onnx", "no such file"}},
		{
			"no decoder", onnxtest.Folder{}, remove("vae_decoder/model.onnx"),
			[]string{"vae_decoder/model.onnx", "no such file"},
		},
		{"PyTorch weights", onnxtest.Folder{}, func(t *testing.T, dir string) {
			remove("unet/model.onnx")(t, dir)
			onnxtest.WriteFile(t, dir, "unet/diffusion_pytorch_model.safetensors", "x")
		}, []string{"unet/model.onnx", "PyTorch weights", "Optimum"}},
		{"half a UNet", onnxtest.Folder{}, truncated("unet/model.onnx", half), []string{"unet/model.onnx", "cut short"}},
		{
			"half an encoder", onnxtest.Folder{}, truncated("vae_encoder/model.onnx", half),
			[]string{"vae_encoder/model.onnx", "cut short"},
		},
		{
			"an empty file",
			onnxtest.Folder{},
			truncated("unet/model.onnx", func(int64) int64 { return 0 }),
			[]string{"unet/model.onnx", "empty"},
		},
		{
			"a Git LFS pointer",
			onnxtest.Folder{},
			replace("unet/model.onnx", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
			[]string{"unet/model.onnx", "git lfs pull"},
		},
		{
			"a web page", onnxtest.Folder{}, replace("unet/model.onnx", "\n<!DOCTYPE html>"),
			[]string{"unet/model.onnx", "web page"},
		},
		{
			"a text",
			onnxtest.Folder{},
			replace("unet/model.onnx", "hello there, this is no model"),
			[]string{"unet/model.onnx", "not an ONNX model"},
		},
		{
			"weights are missing",
			onnxtest.Folder{External: true},
			remove("text_encoder/weights.pb"),
			[]string{"weights", "text_encoder/weights.pb", "no such file"},
		},
		{
			"weights are cut short", onnxtest.Folder{External: true},
			truncated("text_encoder/weights.pb", func(n int64) int64 { return n - 1 }),
			[]string{"text_encoder/weights.pb", "cut short", "223 bytes, want 224"},
		},
		{
			"a UNet of depth pictures",
			onnxtest.Folder{Channels: 5},
			nil,
			[]string{"unet/model.onnx", "[?,5,?,?]", "want 4", "depth"},
		},
		{
			"text and UNet of different models",
			onnxtest.Folder{},
			replace("text_encoder/config.json", `{"hidden_size":768}`),
			[]string{"model.onnx", "want 768"},
		},
		{
			"another length of text",
			onnxtest.Folder{},
			replace("text_encoder/config.json", `{"max_position_embeddings":64}`),
			[]string{"text_encoder/model.onnx", "want 64"},
		},
		{"parts in each other's place", onnxtest.Folder{}, func(t *testing.T, dir string) {
			data, err := os.ReadFile(filepath.Join(dir, "vae_decoder/model.onnx"))
			if err != nil {
				t.Fatal(err)
			}
			onnxtest.WriteFile(t, dir, "unet/model.onnx", string(data))
		}, []string{"unet/model.onnx", `no input called "sample"`, "latent_sample float32 [?,4,?,?]"}},
		{"an input more", onnxtest.Folder{}, replace("vae_decoder/model.onnx", string(onnxtest.Model{
			Inputs: []graph.Value{
				{Name: "latent_sample", Type: graph.Float, Dims: []int{0, 4, 0, 0}}, {Name: "mask", Type: graph.Float},
			},
			Outputs: []graph.Value{{Name: "sample", Type: graph.Float, Dims: []int{0, 3, 0, 0}}},
		}.Encode())), []string{"vae_decoder/model.onnx", "mask", "not supported"}},
		{"bfloat16", onnxtest.Folder{Float: graph.BFloat16}, nil, []string{"model.onnx", "bfloat16", "want element type"}},
		{"a broken card", onnxtest.Folder{}, replace("darkroom.json", `{"sizes":"all"}`), []string{"darkroom.json"}},
		{
			"a card with an odd size",
			onnxtest.Folder{},
			replace("darkroom.json", `{"sizes":[{"width":100,"height":64}]}`),
			[]string{"darkroom.json", "100×64", "multiples of 8"},
		},
	} {
		t.Run(c.name, func(t *testing.T) { t.Parallel(); checkRefused(t, c.folder, c.spoil, c.says) })
	}
}

// TestRefusedSchedulers opens folders whose scheduler says what no sampler follows.
func TestRefusedSchedulers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		folder    onnxtest.Folder
		scheduler string
		says      []string
	}{
		{
			"an unknown schedule",
			onnxtest.Folder{},
			`{"beta_schedule":"cosine"}`,
			[]string{"scheduler_config.json", `"cosine"`, "want scaled_linear"},
		},
		{
			"an unknown prediction", onnxtest.Folder{}, `{"prediction_type":"flow"}`,
			[]string{"scheduler_config.json", `"flow"`},
		},
		{"trained betas", onnxtest.Folder{}, `{"trained_betas":[0.1]}`, []string{"trained_betas"}},
		{
			"EDM's scheduler", onnxtest.Folder{}, `{"_class_name":"EDMEulerScheduler"}`,
			[]string{"scheduler_config.json", `"EDMEulerScheduler" is not supported`},
		},
		{
			"flow matching", onnxtest.Folder{}, `{"_class_name":"FlowMatchEulerDiscreteScheduler"}`,
			[]string{`"FlowMatchEulerDiscreteScheduler" is not supported`},
		},
		{
			"continuous times",
			onnxtest.Folder{},
			`{"_class_name":"EulerDiscreteScheduler","timestep_type":"continuous"}`,
			[]string{`timestep_type "continuous"`},
		},
		{"thresholding", onnxtest.Folder{}, `{"_class_name":"DDIMScheduler","thresholding":true}`, []string{"thresholding"}},
		{
			"a clipping consistency model", onnxtest.Folder{Class: "LatentConsistencyModelPipeline"},
			`{"_class_name":"LCMScheduler","clip_sample":true}`, []string{"clip_sample"},
		},
		{"betas of no schedule", onnxtest.Folder{}, `{"beta_start":1,"beta_end":0}`, []string{"no noise schedule"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			checkRefused(t, c.folder, replace("scheduler/scheduler_config.json", c.scheduler), c.says)
		})
	}
}

// checkRefused opens a folder that was spoilt, and checks that the error is one line that says why.
func checkRefused(t *testing.T, f onnxtest.Folder, spoil func(t *testing.T, dir string), says []string) {
	t.Helper()
	dir := f.Temp(t)
	if spoil != nil {
		spoil(t, dir)
	}
	_, err := folder.Open(dir)
	if err == nil {
		t.Fatal("got no error")
	}
	for _, part := range says {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, want an error with %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("got %q, want one line", err)
	}
}

func remove(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func replace(name, data string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { onnxtest.WriteFile(t, dir, name, data) }
}

func truncated(name string, keep func(int64) int64) func(*testing.T, string) {
	return func(t *testing.T, dir string) { truncate(t, filepath.Join(dir, name), keep) }
}
