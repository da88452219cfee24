package hub_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"darkroom/render/download"
	"darkroom/render/hub"
	"darkroom/render/hub/hubtest"
)

// pipelineIndex is the model_index.json of a class with parts.
func pipelineIndex(class string, parts ...string) string {
	text := fmt.Sprintf(`{"_class_name": %q, "_diffusers_version": "0.35.0", "safety_checker": [null, null]`, class)
	for _, part := range parts {
		text += fmt.Sprintf(`, %q: ["diffusers", "Some"]`, part)
	}
	return text + "}"
}

// files makes a repository of names; each file holds its own name.
func files(index string, names string) map[string][]byte {
	all := map[string][]byte{}
	for name := range strings.FieldsSeq(names) {
		all[name] = []byte(name)
	}
	if index != "" {
		all["model_index.json"] = []byte(index)
	}
	return all
}

func clientOf(s *hubtest.Server) *hub.Client {
	return &hub.Client{Endpoint: s.URL, Download: &download.Client{Transport: s.Transport(), Tries: 1}}
}

func mustParse(t *testing.T, text string) hub.Name {
	t.Helper()
	n, err := hub.ParseName(text, "https://hub.example")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

const (
	sd1Rest = ` scheduler/scheduler_config.json text_encoder/config.json tokenizer/merges.txt tokenizer/vocab.json
		unet/config.json vae/config.json LICENSE.md README.md .gitattributes v1-5-pruned.safetensors v1-5-pruned.ckpt`
	sd1Both = sd1Rest + ` unet/diffusion_pytorch_model.safetensors unet/diffusion_pytorch_model.fp16.safetensors
		unet/diffusion_pytorch_model.non_ema.safetensors unet/diffusion_pytorch_model.bin
		vae/diffusion_pytorch_model.safetensors vae/diffusion_pytorch_model.fp16.safetensors
		text_encoder/model.safetensors text_encoder/pytorch_model.bin text_encoder/flax_model.msgpack
		safety_checker/model.safetensors safety_checker/config.json feature_extractor/preprocessor_config.json`
	sd1ONNX = ` unet/model.onnx unet/model.onnx_data unet/weights.pb unet/other.onnx vae_encoder/model.onnx
		vae_decoder/model.onnx text_encoder/model.onnx`
)

func TestChoose(t *testing.T) {
	t.Parallel()
	sd1 := pipelineIndex("StableDiffusionPipeline", "unet", "vae", "text_encoder", "tokenizer", "scheduler", "safety_checker")
	xl := pipelineIndex("StableDiffusionXLPipeline", "unet", "vae", "text_encoder", "text_encoder_2", "scheduler")
	config := "LICENSE.md model_index.json scheduler/scheduler_config.json text_encoder/config.json "
	const tokens = " tokenizer/merges.txt tokenizer/vocab.json "
	for name, c := range map[string]struct {
		index, files, path string
		wish               hub.Wish
		want               string // the files, divided by blanks, or a part of the error
		notes              string // parts of the notes
	}{
		"diffusers' layout": {index: sd1, files: sd1Both, want: config + "text_encoder/model.safetensors" + tokens +
			"unet/config.json unet/diffusion_pytorch_model.safetensors vae/config.json vae/diffusion_pytorch_model.safetensors"},
		"half of it": {index: sd1, files: sd1Both, wish: hub.Wish{FP16: true}, want: config + "text_encoder/model.safetensors" +
			tokens + "unet/config.json unet/diffusion_pytorch_model.fp16.safetensors vae/config.json " +
			"vae/diffusion_pytorch_model.fp16.safetensors", notes: "text_encoder has no fp16 variant: model.safetensors is taken"},
		"with the safety checker": {
			index: sd1, files: sd1Both, wish: hub.Wish{With: []string{"safety_checker", "feature_extractor"}},
			want: config[:len("LICENSE.md ")] + "feature_extractor/preprocessor_config.json model_index.json " +
				"safety_checker/config.json safety_checker/model.safetensors scheduler/scheduler_config.json " +
				"text_encoder/config.json text_encoder/model.safetensors" + tokens +
				"unet/config.json unet/diffusion_pytorch_model.safetensors vae/config.json vae/diffusion_pytorch_model.safetensors",
		},
		"safetensors before ONNX": {index: sd1, files: sd1Both + sd1ONNX, want: config + "text_encoder/model.safetensors" +
			tokens + "unet/config.json unet/diffusion_pytorch_model.safetensors vae/config.json " +
			"vae/diffusion_pytorch_model.safetensors"},
		"ONNX by wish": {index: sd1, files: sd1Both + sd1ONNX, wish: hub.Wish{ONNX: true}, want: config +
			"text_encoder/model.onnx" + tokens +
			"unet/config.json unet/model.onnx unet/model.onnx_data unet/weights.pb vae_decoder/model.onnx vae_encoder/model.onnx"},
		"ONNX alone": {index: sd1, files: sd1Rest + sd1ONNX, want: config + "text_encoder/model.onnx" + tokens +
			"unet/config.json unet/model.onnx unet/model.onnx_data unet/weights.pb vae_decoder/model.onnx vae_encoder/model.onnx"},
		"no ONNX": {index: sd1, files: sd1Both, wish: hub.Wish{ONNX: true}, want: "there is no unet/model.onnx"},
		"shards and the only variant": {index: xl, want: "model_index.json text_encoder/model.fp16.safetensors " +
			"text_encoder_2/model-00001-of-00002.safetensors text_encoder_2/model-00002-of-00002.safetensors " +
			"unet/diffusion_pytorch_model.fp16-00001-of-00002.safetensors " +
			"unet/diffusion_pytorch_model.fp16-00002-of-00002.safetensors vae/diffusion_pytorch_model.safetensors",
			files: `text_encoder/model.fp16.safetensors text_encoder_2/model-00001-of-00002.safetensors
				text_encoder_2/model-00002-of-00002.safetensors text_encoder_2/model.safetensors.index.json
				unet/diffusion_pytorch_model.fp16-00001-of-00002.safetensors
				unet/diffusion_pytorch_model.fp16-00002-of-00002.safetensors vae/diffusion_pytorch_model.safetensors`,
			notes: "unet has the variant fp16 alone; text_encoder has the variant fp16 alone"},
		"a shard is missing": {index: xl, want: "the folder unet has 1 of 2 shards", files: `vae/model.safetensors
			unet/diffusion_pytorch_model-00002-of-00002.safetensors text_encoder/model.safetensors text_encoder_2/model.safetensors`},
		"pickles alone": {index: sd1, files: sd1Rest + " unet/diffusion_pytorch_model.bin", want: "no .safetensors in the " +
			"folder unet: diffusion_pytorch_model.bin is a pickle"},
		"a part's pickle": {index: sd1, want: "no .safetensors in the folder text_encoder: pytorch_model.bin is a pickle", files: sd1Rest +
			" unet/diffusion_pytorch_model.safetensors vae/diffusion_pytorch_model.safetensors text_encoder/pytorch_model.bin"},
		"a folder that is not there": {index: sd1, files: sd1Both, wish: hub.Wish{With: []string{"x"}}, want: `no folder "x"`},
		"another family":             {index: pipelineIndex("FluxPipeline"), want: "a Flux model (FluxPipeline); only"},
		"an index of nothing":        {index: "[]", want: "model_index.json: another type of JSON"},
		"the only file":              {files: "README.md pytorch_lora_weights.safetensors", want: "pytorch_lora_weights.safetensors"},
		"several files": {files: "a.safetensors b.safetensors x/c.safetensors", want: "me/it holds 2 files of weights; name one: " +
			"me/it/a.safetensors (13 bytes), me/it/b.safetensors (13 bytes)"},
		"a named file":   {files: "a.safetensors x/b.safetensors", path: "/x/b.safetensors", want: "x/b.safetensors"},
		"a named folder": {files: "a.safetensors x/b.safetensors", path: "/x", want: "x/b.safetensors"},
		"no model":       {files: "README.md model.gguf", want: "holds no model: no model_index.json and no .safetensors (there is model.gguf)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hubtest.New(t)
			s.Page = 4
			s.Add("me/it", hubtest.Model{Files: files(c.index, c.files)})
			client := clientOf(s)
			r, err := client.Read(t.Context(), mustParse(t, "me/it"+c.path))
			if err != nil {
				t.Fatal(err)
			}
			choice, err := client.Choose(t.Context(), r, c.wish)
			if err != nil {
				if !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
				return
			}
			var got []string
			for _, f := range choice.Files {
				got = append(got, f.Path)
			}
			if want := strings.Fields(c.want); !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			if notes := strings.Join(choice.Notes, "; "); !strings.HasPrefix(notes, c.notes) || (notes == "") != (c.notes == "") {
				t.Errorf("notes: got %q, want %q", notes, c.notes)
			}
		})
	}
}

// A model in a folder of a repository is a model folder of its own.
func TestChooseAFolderOfARepository(t *testing.T) {
	t.Parallel()
	s := hubtest.New(t)
	all := map[string][]byte{"other/unet/model.onnx": []byte("x")}
	for name, data := range files(pipelineIndex("StableDiffusionPipeline", "unet"), sd1ONNX) {
		all["export/"+name] = data
	}
	s.Add("me/it", hubtest.Model{Files: all})
	client := clientOf(s)
	r, err := client.Read(t.Context(), mustParse(t, "me/it/export"))
	if err != nil {
		t.Fatal(err)
	}
	choice, err := client.Choose(t.Context(), r, hub.Wish{})
	if err != nil || !choice.Folder || len(choice.Files) != 7 {
		t.Fatalf("got %+v, %v, want a folder of 7 files", choice, err)
	}
	if got := choice.Place(choice.Files[0]); choice.Files[0].Path != "export/model_index.json" || got != "model_index.json" {
		t.Errorf("%s goes to %s, want model_index.json", choice.Files[0].Path, got)
	}
}

// A model_index.json that is not the listed one is not believed.
func TestChooseByAnotherIndex(t *testing.T) {
	t.Parallel()
	s := hubtest.New(t)
	index := pipelineIndex("StableDiffusionPipeline", "unet")
	s.Add("me/it", hubtest.Model{Files: files(index, sd1ONNX)})
	s.Intercept(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/model_index.json") {
			fmt.Fprint(w, strings.Replace(index, "unet", "vae_", 1))
		}
	})
	client := clientOf(s)
	r, err := client.Read(t.Context(), mustParse(t, "me/it"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Choose(t.Context(), r, hub.Wish{})
	if want := "me/it: model_index.json is not the file that the hub lists"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}
