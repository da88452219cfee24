package network

import (
	"math"

	"darkroom/render/onnx/graph"
)

// TextShape says what the weights of a text encoder do not.
type TextShape struct {
	Heads     int  // 0 for heads of 64 numbers
	QuickGELU bool // CLIP's own activation x·σ(1.702x); else the exact Gelu, as open_clip has it
	Layers    int  // how many layers are run; 0 for all that are there
	// FinalNorm has every layer given after the final norm, the last one first. Without it the layers are given as they
	// are, beginning with the last but one.
	FinalNorm bool
	MaxSkip   int  // how many layers before the first one are given too
	Pooled    bool // the pooled vector is given: the final norm at the first end token, projected
}

// textEncoder writes a CLIPTextModel.
type textEncoder struct {
	*tower
	TextShape
}

// TextEmbeds is the output of a text encoder with the pooled vector.
const TextEmbeds = "text_embeds"

// Text writes a text encoder: from input_ids [b, length] to its layers (graph.LayerName) and, where it is wanted,
// TextEmbeds.
func Text(weights Weights, shape TextShape, o graph.WriteOptions) (graph.Written, error) {
	t := &textEncoder{newTower(weights, o, "text_model.encoder", shape.Heads, shape.QuickGELU), shape}
	t.write()
	return t.finish()
}

const (
	tokenTable    = "text_model.embeddings.token_embedding.weight"
	positionTable = "text_model.embeddings.position_embedding.weight"
	finalNorm     = "text_model.final_layer_norm"
	projection    = "text_projection"
)

func (t *textEncoder) write() {
	at := t.shape(positionTable, 2)
	if !t.setSize(at[0], at[1]) {
		return
	}
	ids := t.input("input_ids", graph.Int64, 0, t.length)
	vocabulary := t.shape(tokenTable, 2)[0]
	x := t.add(t.embed(ids, vocabulary), t.weight(positionTable, 1, t.length, t.width))
	x = t.reshape(x, -1, t.width)
	t.makeMask()
	hidden := t.layers(x, t.Layers)
	if len(hidden) < 2 {
		return
	}
	t.giveLayers(hidden)
	if t.Pooled {
		t.givePooled(ids, vocabulary, t.layerNorm(hidden[len(hidden)-1], finalNorm))
	}
}

// embed looks the ids up: those of the vocabulary in the file's table, later ones in ExtraRows.
func (t *textEncoder) embed(ids string, vocabulary int) string {
	t.ExtraRows = graph.Value{Name: "extra_rows", Type: t.computes(), Dims: []int{0, t.width}}
	known := t.node("Less", []string{ids, t.ints(vocabulary)})
	table, kind := t.stored(tokenTable), t.fedAs(tokenTable)
	if kind == graph.Float8E4M3 || kind == graph.Float8E5M2 { // there is no Gather of these
		table, kind = t.weight(tokenTable), t.computes()
	}
	own := t.node("Gather", []string{table, t.node("Where", []string{known, ids, t.ints(0)})})
	own = t.cast(own, kind, t.computes())
	later := t.node("Where", []string{known, t.ints(0), t.node("Sub", []string{ids, t.ints(vocabulary)})})
	extra := t.node("Gather", []string{t.ExtraRows.Name, later})
	return t.node("Where", []string{t.node("Unsqueeze", []string{known, t.ints(2)}), own, extra})
}

// makeMask hides later tokens from earlier ones.
func (t *textEncoder) makeMask() {
	mask, least := make([]float32, t.length*t.length), float32(-math.MaxFloat32)
	if t.options.Float16 {
		least = -65504 // the least number of float16
	}
	for i := range t.length {
		for j := i + 1; j < t.length; j++ {
			mask[i*t.length+j] = least
		}
	}
	t.mask = t.numbers("mask", t.computes(), []int{1, 1, t.length, t.length}, mask)
}

// giveLayers outputs the layers that can be read.
func (t *textEncoder) giveLayers(hidden []string) {
	last := len(hidden) - 1
	first, least := last, 1
	if !t.FinalNorm {
		first, least = last-1, 0
	}
	for skip := 0; skip <= t.MaxSkip && first-skip >= least; skip++ {
		x := hidden[first-skip]
		if t.FinalNorm {
			x = t.layerNorm(x, finalNorm)
		}
		t.output(t.reshape(x, -1, t.length, t.width), graph.LayerName(skip), 0, t.length, t.width)
	}
}

// givePooled outputs the projected state of the first end token: of the first, since chunks are filled with it, and by
// its id, since ids of ExtraRows are larger.
func (t *textEncoder) givePooled(ids string, vocabulary int, last string) {
	isEnd := t.cast(t.node("Equal", []string{ids, t.ints(vocabulary - 1)}), graph.Int64, graph.Int32)
	end := t.node("ArgMax", []string{isEnd}, attribute{"axis", 1}, attribute{"keepdims", 1})
	whole := t.reshape(last, -1, t.length, t.width)
	index := t.node("Expand", []string{
		t.node("Unsqueeze", []string{end, t.ints(2)}),
		t.concat(0, t.slice(t.shapeOf(ids), 0, 1), t.ints(1, t.width)),
	})
	pooled := t.reshape(t.node("GatherElements", []string{whole, index}, attribute{"axis", 1}), -1, t.width)
	t.giveProjected(pooled, projection, TextEmbeds)
}
