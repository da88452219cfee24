package checkpoint

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"darkroom/render/checkpoint/network"
	"darkroom/render/folder"
	"darkroom/render/onnx/graph"
	"darkroom/render/weightname"
)

// The families, by what sets their networks apart.
type variant struct {
	class      string // of diffusers' pipeline
	activation string // of the first text encoder
	heads      int    // of the UNet; 0 for heads of 64 channels
}

var (
	sd1  = variant{class: "StableDiffusionPipeline", activation: "quick_gelu", heads: 8}
	sd2  = variant{class: "StableDiffusionPipeline", activation: "gelu"}
	sdxl = variant{class: "StableDiffusionXLPipeline", activation: "quick_gelu"}
	// refiner has no first text encoder.
	refiner = variant{class: "StableDiffusionXLImg2ImgPipeline", activation: "gelu"}
)

// xl says that the UNet reads a pooled vector and sizes.
func (v variant) xl() bool { return v == sdxl || v == refiner }

// refinerContext is how many numbers of a token a refiner reads: those of SDXL's second text encoder.
const refinerContext = 1280

// inpaintChannels is what an inpainting UNet reads: latents, a mask, and latents of the masked picture.
const inpaintChannels = 9

// recognise tells the family by what the UNet and the text encoders have.
func (c *contents) recognise() (variant, error) {
	unet := c.parts[weightname.Unet]
	text, text2 := c.parts[weightname.TextEncoder], c.parts[weightname.TextEncoder2]
	switch {
	case unet.Has("add_embedding.linear_1.weight") && unet.ContextWidth() == refinerContext:
		if text2 == nil {
			return variant{}, errors.New("an SDXL refiner without its text encoder; want a whole checkpoint")
		}
		return refiner, nil
	case unet.Has("add_embedding.linear_1.weight"):
		if text == nil || text2 == nil {
			return variant{}, errors.New("an SDXL model without its two text encoders; want a whole checkpoint")
		}
		return sdxl, nil
	case text == nil && text2 == nil:
		return variant{}, errors.New("a UNet alone, without a text encoder; want a whole checkpoint")
	}
	if text == nil {
		return variant{}, errors.New("a text encoder of SDXL beside another UNet")
	}
	for name, w := range unet {
		if strings.HasSuffix(name, ".proj_in.weight") {
			if len(w.Shape) == 2 { // Stable Diffusion 2 has linear projections, 1 has convolutions
				return sd2, nil
			}
			return sd1, nil
		}
	}
	return variant{}, errors.New("a UNet without attention to a text")
}

// maxSkip is how many of a text encoder's last layers can be left out: A1111 counts them up to 12.
const maxSkip = 11

// describe says what the model is.
func (c *contents) describe(v variant) folder.Description {
	d := folder.Description{
		Path: c.path, Card: cardPath(c.path), Class: v.class, Activation: v.activation, Weights: c.elementType(),
		Written: folder.Parts{}, Aesthetics: v == refiner, CardDecides: !c.folder, Notes: c.notes,
		VAE: c.vae, ByVAEs: c.byVAEs,
	}
	if v == refiner {
		d.ForceZeros = new(bool) // as the model_index.json of the repository says that diffusers takes for a single file
		delete(c.parts, weightname.TextEncoder)
	}
	if c.parts[weightname.Unet]["conv_in.weight"].Channels() == inpaintChannels {
		d.Class = strings.Replace(d.Class, "Pipeline", "InpaintPipeline", 1)
	}
	c.schedule(&d, v, c.own)
	if c.unknown > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("%s: %d of its tensors are of no known use", filepath.Base(c.path), c.unknown))
	}
	c.write(v, d.Written)
	return d
}

// write adds the networks.
func (c *contents) write(v variant, parts folder.Parts) {
	unet := network.UnetShape{Heads: v.heads, HeadWidth: 64, PooledSize: c.pooledSize()}
	c.add(parts, "unet", weightname.Unet, func(w network.Weights, o graph.WriteOptions) (graph.Written, error) {
		return network.Unet(w, unet, o)
	})
	c.writeVAE(parts)
	first := network.TextShape{
		QuickGELU: v.activation == "quick_gelu", FinalNorm: !v.xl(), MaxSkip: maxSkip,
	}
	if v == sd2 && c.openCLIP {
		first.Layers = c.textLayers() - 1
	}
	c.add(
		parts, "text_encoder", weightname.TextEncoder,
		func(w network.Weights, o graph.WriteOptions) (graph.Written, error) { return network.Text(w, first, o) },
	)
	if v.xl() {
		second := network.TextShape{MaxSkip: maxSkip, Pooled: true}
		c.add(
			parts, "text_encoder_2", weightname.TextEncoder2,
			func(w network.Weights, o graph.WriteOptions) (graph.Written, error) {
				return network.Text(w, second, o)
			},
		)
	}
}

// add adds a network of a part, where the model has it.
func (c *contents) add(
	to folder.Parts, name, part string, write func(network.Weights, graph.WriteOptions) (graph.Written, error),
) {
	weights := c.parts[part]
	if weights == nil {
		return
	}
	to[name] = &folder.Written{
		Files: c.filesOf(weights),
		Write: func(o graph.WriteOptions) (graph.Written, error) { return write(weights, o) },
	}
}

func (c *contents) writeVAE(parts folder.Parts) {
	c.add(parts, "vae_decoder", weightname.VAE, network.Decoder)
	if c.parts[weightname.VAE].Has("encoder.conv_in.weight") {
		c.add(parts, "vae_encoder", weightname.VAE, network.Encoder)
	}
}

// textLayers counts the layers of the first text encoder.
func (c *contents) textLayers() (n int) {
	for c.parts[weightname.TextEncoder].Has(fmt.Sprintf("text_model.encoder.layers.%d.layer_norm1.weight", n)) {
		n++
	}
	return n
}

// pooledSize is how many numbers the pooled vector of the second text encoder has.
func (c *contents) pooledSize() int {
	w := c.parts[weightname.TextEncoder2]["text_projection.weight"]
	switch {
	case len(w.Shape) != 2:
		return 0
	case w.Transposed:
		return w.Shape[1]
	}
	return w.Shape[0]
}

// elementType is that of most of the UNet's numbers.
func (c *contents) elementType() string {
	bytes := map[graph.Type]int64{}
	for _, w := range c.parts[weightname.Unet] {
		bytes[w.Type] += w.Length
	}
	most := graph.Float
	for kind, n := range bytes {
		if n > bytes[most] || n == bytes[most] && cmp.Less(kind, most) {
			most = kind
		}
	}
	return most.String()
}
