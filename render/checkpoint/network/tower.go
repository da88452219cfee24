package network

import (
	"fmt"

	"darkroom/render/onnx/graph"
)

// tower writes what CLIP's text encoder and its image encoder have in common: a row of transformer layers that norm
// before they compute.
type tower struct {
	*writer
	encoder       string // canonical name of what has the layers
	headCount     int
	quickGELU     bool
	length, width int    // of a sequence: tokens or patches, and numbers of each
	mask          string // added to the scores of attention; empty for none
}

func newTower(weights Weights, o graph.WriteOptions, encoder string, heads int, quickGELU bool) *tower {
	return &tower{writer: newWriter(weights, o), encoder: encoder, headCount: heads, quickGELU: quickGELU}
}

// setSize notes the size of a sequence, and says whether its width can be divided into the heads.
func (t *tower) setSize(length, width int) bool {
	t.length, t.width = length, width
	if t.headCount == 0 {
		t.headCount = max(width/64, 1)
	}
	if width%t.headCount != 0 {
		t.fail("a width of %d for %d heads", width, t.headCount)
		return false
	}
	return true
}

// layers returns x and the output of each layer, of at most so many; 0 is all that are there. None at all is an error.
func (t *tower) layers(x string, most int) []string {
	hidden := []string{x}
	for i := 0; most == 0 || i < most; i++ {
		m := fmt.Sprintf("%s.layers.%d", t.encoder, i)
		if !t.weights.Has(m + ".layer_norm1.weight") {
			break
		}
		x = t.layer(x, m)
		hidden = append(hidden, x)
	}
	if len(hidden) < 2 {
		t.fail("no layers")
	}
	return hidden
}

// layer is one layer, on rows [b·length, width].
func (t *tower) layer(x, m string) string {
	n := t.layerNorm(x, m+".layer_norm1")
	part := func(name string) string {
		return t.reshape(t.linear(n, m+".self_attn."+name), -1, t.length, t.width)
	}
	a := t.heads(part("q_proj"), part("k_proj"), part("v_proj"), t.mask, t.headCount)
	x = t.add(x, t.linear(t.reshape(a, -1, t.width), m+".self_attn.out_proj"))
	h := t.activate(t.linear(t.layerNorm(x, m+".layer_norm2"), m+".mlp.fc1"))
	return t.add(x, t.linear(h, m+".mlp.fc2"))
}

func (t *tower) activate(x string) string {
	if !t.quickGELU {
		return t.node("Gelu", []string{x})
	}
	return t.quickGelu(x, 1.702)
}

// giveProjected outputs a vector [b, width], projected where there is a projection.
func (t *tower) giveProjected(pooled, projection, name string) {
	size := t.width
	if t.weights.Has(projection + ".weight") {
		s := t.shape(projection+".weight", 2)
		if size = s[0]; t.weights[projection+".weight"].Transposed {
			size = s[1]
		}
		pooled = t.linear(pooled, projection)
	}
	t.output(pooled, name, 0, size)
}
