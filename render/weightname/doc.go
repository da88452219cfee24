// Package weightname translates the names that other programs give to weights. Inside this program a weight is called
// as diffusers and transformers call it, its canonical name: "down_blocks.0.resnets.0.conv1.weight" of the part "unet".
// Checkpoints have names of the original Stable Diffusion (LDM), of SDXL (sgm) and of open_clip; add-ons have those of
// kohya's scripts, of PEFT, of LyCORIS and of OneTrainer.
//
// The package knows strings only: no file, no shape, no value.
package weightname

// The parts of a model, called as the folders of diffusers' layout.
const (
	Unet         = "unet"
	VAE          = "vae"
	TextEncoder  = "text_encoder"
	TextEncoder2 = "text_encoder_2"
	ImageEncoder = "image_encoder" // of a CLIP
)

// Place says where a file keeps a weight.
type Place struct {
	Key        string // of the tensor in the file
	Third      int    // 1, 2 or 3: that third of the tensor's rows is the weight; 0: the whole tensor
	Transposed bool   // the file has the matrix [in, out], the canonical weight is [out, in]
}
