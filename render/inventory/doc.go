// Package inventory knows what lies in the models folder: model folders, checkpoint files and add-ons, in folders of
// this program or of an installation of A1111's web UI or ComfyUI. It finds them, reads what lies beside them, hashes
// them in the background, and notices files that come, go or change. It opens nothing itself: it is given a function
// for that.
package inventory

import "darkroom/render/picture"

// Kind is what an item is.
type Kind string

// The kinds of items. Those of add-ons are called as in a Spec.
const (
	Folder       Kind = "folder"     // a model folder in diffusers' layout
	Checkpoint   Kind = "checkpoint" // a model in one file
	LoRA         Kind = picture.LoRA
	Embedding    Kind = picture.Embedding
	Hypernetwork Kind = picture.Hypernet
	VAE          Kind = picture.VAE
	Upscaler     Kind = picture.Upscaler
)

// IsModel tells whether images can be made with an item alone.
func (k Kind) IsModel() bool { return k == Folder || k == Checkpoint }

// places names the folders that hold one kind, in lower case: this program's, A1111's (models/Stable-diffusion, …) and
// ComfyUI's (models/checkpoints, …).
var places = map[string]Kind{
	"checkpoints": Checkpoint, "checkpoint": Checkpoint, "stable-diffusion": Checkpoint, "diffusers": Checkpoint,
	"loras": LoRA, "lora": LoRA, "lycoris": LoRA,
	"embeddings": Embedding, "embedding": Embedding, "textual_inversion": Embedding,
	"hypernetworks": Hypernetwork, "hypernetwork": Hypernetwork, "hypernets": Hypernetwork,
	"vae":       VAE,
	"upscalers": Upscaler, "upscaler": Upscaler, "upscale_models": Upscaler, "esrgan": Upscaler, "realesrgan": Upscaler,
}

// strangers names folders beside those places, in lower case, whose files are of no kind that is opened: parts of
// models, and models for other tasks.
var strangers = map[string]bool{
	"adetailer": true, "animatediff_models": true, "audio_encoders": true, "blip": true, "bsrgan": true, "clip": true,
	"clip_vision": true, "codeformer": true, "configs": true, "controlnet": true, "dat": true, "deepbooru": true,
	"deepdanbooru": true, "detection": true, "diffusion_models": true, "esrgan-4x": true, "gfpgan": true, "gligen": true,
	"insightface": true, "ipadapter": true, "karlo": true, "ldsr": true, "latent_upscale_models": true,
	"model_patches": true, "onnx": true, "photomaker": true, "sams": true, "scunet": true, "style_models": true,
	"swinir": true, "taesd": true, "text_encoder": true, "text_encoders": true, "torch_deepdanbooru": true,
	"ultralytics": true, "unet": true, "vae-approx": true, "vae_approx": true,
}

// nested names folders that hold places in turn: an installation's models, and the add-ons of the demo model.
var nested = map[string]bool{"models": true, "addons": true}
