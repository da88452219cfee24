package encode

import (
	"bytes"
	"image"
	"image/png"
	"testing"
)

// comfyPNG is an image with a graph of ComfyUI.
func comfyPNG(t *testing.T, key, graph string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	const head = len(pngMagic) + 25
	text := chunk("tEXt", []byte(key+"\x00"+graph))
	return bytes.Join([][]byte{b.Bytes()[:head], text, b.Bytes()[head:]}, nil)
}

func TestReadSaidOfComfyUI(t *testing.T) {
	t.Parallel()
	const graph = `{"3": {"class_type": "KSampler", "inputs": {"seed": 7, "steps": 20, "cfg": 6.5,
		"sampler_name": "euler_ancestral", "scheduler": "normal", "model": ["4", 0], "positive": ["6", 0],
		"negative": ["7", 0], "latent_image": ["5", 0]}},
		"4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a, b.safetensors"}},
		"5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768}},
		"6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a boat\nNegative prompt: no, really"}},
		"7": {"class_type": "CLIPTextEncode", "inputs": {"text": "fog"}}}`
	got := ReadSaid(comfyPNG(t, "prompt", graph))
	const text = "a boat\nNegative prompt: no, really\nNegative prompt: fog\nSteps: 20, Sampler: Euler a, " +
		`Schedule type: Normal, CFG scale: 6.5, Seed: 7, Size: 512x768, Model: "a, b"`
	if !got.ComfyUI || got.Text != text || got.Prompt != "a boat\nNegative prompt: no, really" || got.Negative != "fog" ||
		got.Steps != 20 || got.GuidanceScale != 6.5 || got.Seed != 7 || got.Sampler != "euler_a" || got.Width != 512 ||
		got.Height != 768 || got.Model.Name != "a, b" {
		t.Errorf("got %+v\nwant %s", got, text)
	}
	lost := ReadSaid(comfyPNG(t, "prompt", `{"6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a boat"}}}`))
	if !lost.ComfyUI || lost.Prompt != "" || lost.Text != "a boat" || lost.Seed != -1 {
		t.Errorf("a graph that cannot be followed: got %+v", lost)
	}
	edited := `{"nodes": [{"id": 6, "type": "CLIPTextEncode", "widgets_values": ["a boat"]}]}`
	if got := ReadSaid(comfyPNG(t, "workflow", edited)); !got.ComfyUI || got.Text != "a boat" {
		t.Errorf("a graph as it is edited: got %+v", got)
	}
	both := addPNGText(comfyPNG(t, "prompt", graph), "a star\nSteps: 5, Seed: 2, Size: 64x64")
	if got := ReadSaid(both); got.ComfyUI || got.Prompt != "a star" || got.Seed != 2 {
		t.Errorf("with A1111's text: got %+v, want that", got)
	}
	for name, file := range map[string][]byte{
		"another text": comfyPNG(t, "prompt", "a prompt"), "no image": []byte("x"), "JPEG": []byte("\xff\xd8\xff\xe0"),
	} {
		if got := ReadSaid(file); got.ComfyUI || got.Text != "" || got.Seed != -1 {
			t.Errorf("%s: got %+v, want nothing", name, got)
		}
	}
}
