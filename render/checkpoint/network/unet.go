package network

import (
	"fmt"
	"math"

	"darkroom/render/onnx/graph"
)

// UnetShape says what the weights of a UNet do not.
type UnetShape struct {
	Heads      int // of each attention; 0 for as many as have HeadWidth channels
	HeadWidth  int
	PooledSize int // numbers of the pooled vector, where the UNet reads one
}

// timeWidth is how many numbers each of SDXL's sizes is embedded in.
const timeWidth = 256

// unet writes a UNet2DConditionModel.
type unet struct {
	*writer
	UnetShape
	batch   string // a list of the one number b
	time    string // the embedded timestep, activated
	context string // hidden states in rows [b·s, width]
}

// Unet writes a UNet. Its inputs are sample, timestep [b], encoder_hidden_states, for SDXL text_embeds and time_ids,
// and timestep_cond where it takes the guidance scale; its output is out_sample.
func Unet(weights Weights, shape UnetShape, o graph.WriteOptions) (graph.Written, error) {
	u := &unet{writer: newWriter(weights, o), UnetShape: shape}
	u.write()
	return u.finish()
}

func (u *unet) write() {
	first := u.shape("conv_in.weight", 4)
	sample := u.input("sample", graph.Float, 0, first[1], 0, 0)
	timestep := u.input("timestep", graph.Float, 1)
	width := u.contextWidth()
	context := u.floats("encoder_hidden_states", 0, 0, width)
	u.batch = u.slice(u.shapeOf(sample), 0, 1)
	u.context = u.reshape(context, -1, width)
	u.embedTime(timestep, first[0])

	x := u.conv(u.cast(sample, graph.Float, u.computes()), "conv_in", 1)
	skips := []string{x}
	for i := 0; u.weights.Has(fmt.Sprintf("down_blocks.%d.resnets.0.conv1.weight", i)); i++ {
		block := fmt.Sprintf("down_blocks.%d", i)
		for j := 0; u.weights.Has(fmt.Sprintf("%s.resnets.%d.conv1.weight", block, j)); j++ {
			x = u.layer(x, block, j)
			skips = append(skips, x)
		}
		if down := block + ".downsamplers.0.conv"; u.weights.Has(down + ".weight") {
			x = u.conv(x, down, 2, 1, 1, 1, 1)
			skips = append(skips, x)
		}
	}
	x = u.middle(x)
	for i := 0; u.weights.Has(fmt.Sprintf("up_blocks.%d.resnets.0.conv1.weight", i)); i++ {
		block := fmt.Sprintf("up_blocks.%d", i)
		for j := 0; u.weights.Has(fmt.Sprintf("%s.resnets.%d.conv1.weight", block, j)); j++ {
			if len(skips) == 0 {
				u.fail("more layers on the way up than on the way down")
				return
			}
			x = u.concat(1, x, skips[len(skips)-1])
			skips = skips[:len(skips)-1]
			x = u.layer(x, block, j)
		}
		if up := block + ".upsamplers.0.conv"; u.weights.Has(up+".weight") && len(skips) > 0 {
			x = u.conv(u.resizeLike(x, skips[len(skips)-1]), up, 1)
		}
	}
	x = u.conv(u.silu(u.groupNorm(x, "conv_norm_out", 1e-5)), "conv_out", 1)
	u.output(x, "out_sample", 0, u.shape("conv_out.weight", 4)[0], 0, 0)
}

// contextWidth is how many numbers of a token the UNet reads.
func (u *unet) contextWidth() int {
	if width := u.weights.ContextWidth(); width > 0 {
		return width
	}
	u.fail("no cross attention")
	return 1
}

func hasSuffix(s, suffix string) bool {
	return len(s) > len(suffix) && s[len(s)-len(suffix):] == suffix
}

// embedTime embeds the timestep, and for SDXL the pooled vector and the sizes.
func (u *unet) embedTime(timestep string, width int) {
	steps := u.node("Expand", []string{timestep, u.batch})
	e := u.sinusoid(steps, width)
	if m := "time_embedding.cond_proj"; u.weights.Has(m + ".weight") {
		cond := u.floats("timestep_cond", 0, u.shape(m+".weight", 2)[1])
		e = u.add(e, u.linear(cond, m))
	}
	e = u.linear(u.silu(u.linear(e, "time_embedding.linear_1")), "time_embedding.linear_2")
	if u.weights.Has("add_embedding.linear_1.weight") {
		whole := u.shape("add_embedding.linear_1.weight", 2)[1]
		n := (whole - u.PooledSize) / timeWidth
		if n < 1 || u.PooledSize+n*timeWidth != whole {
			u.fail("add_embedding.linear_1.weight reads %d numbers, want %d and a multiple of %d", whole, u.PooledSize,
				timeWidth)
			return
		}
		pooled := u.floats("text_embeds", 0, u.PooledSize)
		sizes := u.input("time_ids", graph.Float, 0, n)
		embedded := u.reshape(u.sinusoid(u.reshape(sizes, -1), timeWidth), -1, n*timeWidth)
		a := u.linear(u.concat(-1, pooled, embedded), "add_embedding.linear_1")
		e = u.add(e, u.linear(u.silu(a), "add_embedding.linear_2"))
	}
	u.time = u.silu(e)
}

// sinusoid embeds numbers [n] of float32 in [n, width]: cosines, then sines, as Timesteps of diffusers with
// flip_sin_to_cos and downscale_freq_shift 0.
func (u *unet) sinusoid(x string, width int) string {
	half := width / 2
	frequencies := make([]float32, half)
	for i := range frequencies {
		frequencies[i] = float32(math.Exp(float64(float32(-math.Log(10000)) * float32(i) / float32(half))))
	}
	f := u.numbers(fmt.Sprint("frequencies", width), graph.Float, []int{1, half}, frequencies)
	angles := u.multiply(u.node("Unsqueeze", []string{x, u.ints(1)}), f)
	e := u.concat(-1, u.node("Cos", []string{angles}), u.node("Sin", []string{angles}))
	return u.cast(e, graph.Float, u.computes())
}

// layer is a residual layer, and the transformer behind it where there is one.
func (u *unet) layer(x, block string, j int) string {
	x = u.residual(x, fmt.Sprintf("%s.resnets.%d", block, j))
	if m := fmt.Sprintf("%s.attentions.%d", block, j); u.weights.Has(m + ".norm.weight") {
		x = u.transformer(x, m)
	}
	return x
}

// middle is what lies between the ways. Pruned models have fewer layers there, or none.
func (u *unet) middle(x string) string {
	for j := 0; u.weights.Has(fmt.Sprintf("mid_block.resnets.%d.conv1.weight", j)); j++ {
		x = u.layer(x, "mid_block", j)
	}
	return x
}

func (u *unet) residual(x, m string) string {
	h := u.conv(u.silu(u.groupNorm(x, m+".norm1", 1e-5)), m+".conv1", 1)
	h = u.add(h, u.node("Unsqueeze", []string{u.linear(u.time, m+".time_emb_proj"), u.ints(2, 3)}))
	h = u.conv(u.silu(u.groupNorm(h, m+".norm2", 1e-5)), m+".conv2", 1)
	if u.weights.Has(m + ".conv_shortcut.weight") {
		x = u.conv(x, m+".conv_shortcut", 1)
	}
	return u.add(x, h)
}

// transformer is a Transformer2DModel. Its projections are 1×1 convolutions or linear layers, which is the same.
func (u *unet) transformer(x, m string) string {
	c := u.shape(m+".norm.weight", 1)[0]
	heads := u.Heads
	if heads == 0 {
		heads = max(c/u.HeadWidth, 1)
	}
	if c%heads != 0 {
		u.fail("%s: %d channels for %d heads", m, c, heads)
		return x
	}
	h := u.linear(u.rows(u.groupNorm(x, m+".norm", 1e-6), c), m+".proj_in")
	for i := 0; u.weights.Has(fmt.Sprintf("%s.transformer_blocks.%d.norm1.weight", m, i)); i++ {
		b := fmt.Sprintf("%s.transformer_blocks.%d", m, i)
		n := u.layerNorm(h, b+".norm1")
		h = u.add(h, u.attention(n, n, b+".attn1", c, heads))
		h = u.add(h, u.attention(u.layerNorm(h, b+".norm2"), u.context, b+".attn2", c, heads))
		f := u.linear(u.layerNorm(h, b+".norm3"), b+".ff.net.0.proj")
		gate := u.nodes2("Split", "", []string{f}, 2, []attribute{{"axis", -1}, {"num_outputs", 2}})
		f = u.multiply(gate[0], u.node("Gelu", gate[1:]))
		h = u.add(h, u.linear(f, b+".ff.net.2"))
	}
	return u.add(x, u.unrows(u.linear(h, m+".proj_out"), u.batch, x, c))
}

// attention attends from rows to rows.
func (u *unet) attention(x, context, m string, c, heads int) string {
	whole := u.sequence(u.batch, c)
	part := func(from, name string) string {
		return u.node("Reshape", []string{u.linear(from, m+name), whole})
	}
	y := u.heads(part(x, ".to_q"), part(context, ".to_k"), part(context, ".to_v"), "", heads)
	return u.linear(u.reshape(y, -1, c), m+".to_out.0")
}
