package network

import (
	"math"

	"darkroom/render/onnx/graph"
)

// VisionShape says what the weights of an image encoder do not.
type VisionShape struct {
	Heads     int  // 0 for heads of 64 numbers
	QuickGELU bool // as in TextShape
}

// ImageEmbeds is the output of an image encoder.
const ImageEmbeds = "image_embeds"

const (
	classToken      = "vision_model.embeddings.class_embedding"
	patchEmbedding  = "vision_model.embeddings.patch_embedding"
	patchPositions  = "vision_model.embeddings.position_embedding.weight"
	visionFirstNorm = "vision_model.pre_layrnorm"
	visionLastNorm  = "vision_model.post_layernorm"
)

// Vision writes transformers' CLIPVisionModelWithProjection: from pixel_values [b, 3, side, side] to ImageEmbeds, the
// normed state of the class token, projected where there is a projection.
func Vision(weights Weights, shape VisionShape, o graph.WriteOptions) (graph.Written, error) {
	o.Float16 = false // its vectors are compared, and it is small
	v := newTower(weights, o, "vision_model.encoder", shape.Heads, shape.QuickGELU)
	v.writeVision()
	return v.finish()
}

// VisionSide is how many pixels an image encoder reads on each side, by its patches; 0 where that cannot be told.
func (w Weights) VisionSide() int {
	at, patch := w[patchPositions].Shape, w[patchEmbedding+".weight"].Shape
	if len(at) != 2 || len(patch) != 4 {
		return 0
	}
	across := int(math.Round(math.Sqrt(float64(at[0] - 1))))
	if across < 1 || across*across != at[0]-1 || patch[2] != patch[3] {
		return 0
	}
	return across * patch[2]
}

func (t *tower) writeVision() {
	at, patch, side := t.shape(patchPositions, 2), t.shape(patchEmbedding+".weight", 4), t.weights.VisionSide()
	if side == 0 {
		t.fail("%d positions for patches of %v: want those of a square, and one for the class", at[0], patch[2:4])
		return
	}
	if !t.setSize(at[0], at[1]) {
		return
	}
	pixels := t.input("pixel_values", graph.Float, 0, patch[1], side, side)
	seen := t.reshape(t.conv(pixels, patchEmbedding, patch[2], 0, 0, 0, 0), 0, t.width, -1)
	class := t.node("Expand", []string{
		t.weight(classToken, 1, 1, t.width),
		t.concat(0, t.slice(t.shapeOf(pixels), 0, 1), t.ints(1, t.width)),
	})
	x := t.concat(1, class, t.node("Transpose", []string{seen}, attribute{"perm", []int{0, 2, 1}}))
	x = t.add(x, t.weight(patchPositions, 1, t.length, t.width))
	hidden := t.layers(t.layerNorm(t.reshape(x, -1, t.width), visionFirstNorm), 0)
	last := t.reshape(hidden[len(hidden)-1], -1, t.length, t.width)
	pooled := t.node("Squeeze", []string{t.slice1(last, 0, 1), t.ints(1)})
	t.giveProjected(t.layerNorm(pooled, visionLastNorm), "visual_projection", ImageEmbeds)
}

// slice1 takes the elements from to to-1 of the second axis.
func (t *tower) slice1(x string, from, to int) string {
	return t.node("Slice", []string{x, t.ints(from), t.ints(to), t.ints(1)})
}
