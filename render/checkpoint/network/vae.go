package network

import (
	"fmt"

	"darkroom/render/onnx/graph"
)

// vae writes a half of an AutoencoderKL. It computes in float32 always, since SDXL's overflows in float16.
type vae struct {
	*writer
	batch string // a list of the one number b
}

func newVAE(weights Weights, o graph.WriteOptions) *vae {
	o.Float16 = false
	return &vae{writer: newWriter(weights, o)}
}

// Decoder writes a VAE's decoder: from latent_sample, already divided by the scaling factor, to sample in −1..1.
func Decoder(weights Weights, o graph.WriteOptions) (graph.Written, error) {
	v := newVAE(weights, o)
	x := v.input("latent_sample", graph.Float, 0, v.shape("decoder.conv_in.weight", 4)[1], 0, 0)
	v.batch = v.slice(v.shapeOf(x), 0, 1)
	if weights.Has("post_quant_conv.weight") {
		x = v.conv(x, "post_quant_conv", 1)
	}
	x = v.middle(v.conv(x, "decoder.conv_in", 1), "decoder.mid_block")
	for i := 0; weights.Has(fmt.Sprintf("decoder.up_blocks.%d.resnets.0.norm1.weight", i)); i++ {
		block := fmt.Sprintf("decoder.up_blocks.%d", i)
		x = v.layers(x, block)
		if up := block + ".upsamplers.0.conv"; weights.Has(up + ".weight") {
			x = v.conv(v.double(x), up, 1)
		}
	}
	x = v.conv(v.silu(v.groupNorm(x, "decoder.conv_norm_out", 1e-6)), "decoder.conv_out", 1)
	v.output(x, "sample", 0, v.shape("decoder.conv_out.weight", 4)[0], 0, 0)
	return v.finish()
}

// Encoder writes a VAE's encoder: from sample in −1..1 to latent_parameters, the mean and the logarithm of the
// variance.
func Encoder(weights Weights, o graph.WriteOptions) (graph.Written, error) {
	v := newVAE(weights, o)
	x := v.input("sample", graph.Float, 0, v.shape("encoder.conv_in.weight", 4)[1], 0, 0)
	v.batch = v.slice(v.shapeOf(x), 0, 1)
	x = v.conv(x, "encoder.conv_in", 1)
	for i := 0; weights.Has(fmt.Sprintf("encoder.down_blocks.%d.resnets.0.norm1.weight", i)); i++ {
		block := fmt.Sprintf("encoder.down_blocks.%d", i)
		x = v.layers(x, block)
		if down := block + ".downsamplers.0.conv"; weights.Has(down + ".weight") {
			x = v.conv(x, down, 2, 0, 0, 1, 1) // the rest of the way at the end only, as the original pads
		}
	}
	x = v.middle(x, "encoder.mid_block")
	x = v.conv(v.silu(v.groupNorm(x, "encoder.conv_norm_out", 1e-6)), "encoder.conv_out", 1)
	if weights.Has("quant_conv.weight") {
		x = v.conv(x, "quant_conv", 1)
	}
	v.output(x, "latent_parameters", 0, v.shape("encoder.conv_out.weight", 4)[0], 0, 0)
	return v.finish()
}

func (v *vae) layers(x, block string) string {
	for j := 0; v.weights.Has(fmt.Sprintf("%s.resnets.%d.norm1.weight", block, j)); j++ {
		x = v.residual(x, fmt.Sprintf("%s.resnets.%d", block, j))
	}
	return x
}

func (v *vae) residual(x, m string) string {
	h := v.conv(v.silu(v.groupNorm(x, m+".norm1", 1e-6)), m+".conv1", 1)
	h = v.conv(v.silu(v.groupNorm(h, m+".norm2", 1e-6)), m+".conv2", 1)
	if v.weights.Has(m + ".conv_shortcut.weight") {
		x = v.conv(x, m+".conv_shortcut", 1)
	}
	return v.add(x, h)
}

func (v *vae) middle(x, m string) string {
	x = v.residual(x, m+".resnets.0")
	if a := m + ".attentions.0"; v.weights.Has(a + ".to_q.weight") {
		x = v.attention(x, a)
	}
	return v.residual(x, m+".resnets.1")
}

// attention has one head, over all places of the picture. The original's 1×1 convolutions are linear layers.
func (v *vae) attention(x, m string) string {
	c := v.shape(m+".group_norm.weight", 1)[0]
	h := v.rows(v.groupNorm(x, m+".group_norm", 1e-6), c)
	part := func(name string) string {
		return v.node("Reshape", []string{v.linear(h, m+name), v.sequence(v.batch, c)})
	}
	y := v.heads(part(".to_q"), part(".to_k"), part(".to_v"), "", 1)
	y = v.linear(v.reshape(y, -1, c), m+".to_out.0")
	return v.add(x, v.unrows(y, v.batch, x, c))
}
