package addon

import (
	"slices"

	"darkroom/render/phrase"
	"darkroom/render/weightname"
)

// kind is a way to write a change of a weight.
type kind struct {
	name  string
	needs []weightname.Field
	// delta returns the change of a weight of a shape, at strength 1 and without the scale alpha/rank, and its own shape.
	// nil for a kind that depends on the weight: see turn.
	delta func(f fields, shape []int) (values, error)
	rank  func(f fields) int // that alpha is divided by; 0 for a kind without a rank
	// turn returns the changed weight at strength 1. The settings are PEFT's for the module.
	turn func(f fields, w values, s peftSettings) ([]float32, error)
}

// kinds lists the kinds in the order in which A1111 tries them.
var kinds = []kind{
	{
		name: "LoRA", needs: []weightname.Field{weightname.Up, weightname.Down},
		delta: loraDelta, rank: func(f fields) int { return f[weightname.Down].dim(0) },
	},
	{
		name: "LoHa", needs: []weightname.Field{"hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"},
		delta: lohaDelta, rank: func(f fields) int { return f["hada_w1_b"].dim(0) },
	},
	{name: "IA³", needs: []weightname.Field{"weight", "on_input"}, turn: ia3Turn},
	{name: "IA³", needs: []weightname.Field{peftIA3}, turn: peftIA3Turn},
	{name: "LoKr", needs: []weightname.Field{"lokr_w1", "lokr_w2"}, delta: lokrDelta, rank: lokrRank},
	{name: "LoKr", needs: []weightname.Field{"lokr_w1", "lokr_w2_a", "lokr_w2_b"}, delta: lokrDelta, rank: lokrRank},
	{name: "LoKr", needs: []weightname.Field{"lokr_w1_a", "lokr_w1_b", "lokr_w2"}, delta: lokrDelta, rank: lokrRank},
	{
		name: "LoKr", needs: []weightname.Field{"lokr_w1_a", "lokr_w1_b", "lokr_w2_a", "lokr_w2_b"},
		delta: lokrDelta, rank: lokrRank,
	},
	{name: "full difference", needs: []weightname.Field{"diff"}, delta: wholeDelta("diff")},
	{name: "norm", needs: []weightname.Field{"w_norm"}, delta: wholeDelta("w_norm")},
	{name: "OFT", needs: []weightname.Field{"oft_blocks"}, turn: oftTurn},
	{name: "OFT", needs: []weightname.Field{"oft_R"}, turn: peftOFTTurn},
}

// biasFields are the changes of a bias that a module can hold beside, or instead of, that of its weight.
var biasFields = []weightname.Field{"diff_b", "b_norm", "lora_up_bias"}

// unsupported are kinds that are known by a field of theirs.
var unsupported = map[weightname.Field]phrase.Phrase{
	"a1": phrase.Of("a GLoRA"), "b1": phrase.Of("a GLoRA"), "oft_diag": phrase.Of("an old OFT"),
	"oft_r": phrase.Of("the OFT of PEFT before 0.15"), "boft_R": phrase.Of("a BOFT"),
	"set_weight": phrase.Of("a whole weight"),
}

// kindOf tells how a module is written by the fields that it has. The zero kind changes no weight, but may change a
// bias.
func kindOf(keys map[weightname.Field]string) kind {
	i := slices.IndexFunc(kinds, func(k kind) bool {
		return !slices.ContainsFunc(k.needs, func(name weightname.Field) bool { return keys[name] == "" })
	})
	if i < 0 {
		return kind{}
	}
	return kinds[i]
}

// uses tells whether a kind reads a field.
func (k kind) uses(name weightname.Field) bool {
	if k.name == "" {
		return slices.Contains(biasFields, name)
	}
	return slices.Contains(k.needs, name) || slices.Contains(biasFields, name) || slices.Contains([]weightname.Field{
		weightname.Alpha, weightname.Scale, weightname.Mid, weightname.DoRAScale, weightname.Magnitude, "hada_t1", "hada_t2",
		"lokr_t2", "rescale",
	}, name)
}

// scale is what a change is multiplied by besides its strength: alpha/rank, where nothing else is said. A file without
// alpha means the rank, module by module.
func (l *LoRA) scale(module string, k kind, f fields) float64 {
	if s, ok := f.number(weightname.Scale); ok {
		return s
	}
	rank := 0
	if k.rank != nil {
		rank = k.rank(f)
	}
	if rank == 0 {
		return 1
	}
	if alpha, ok := f.number(weightname.Alpha); ok {
		return alpha / float64(rank)
	}
	if k.name == "LoRA" {
		return l.peftScale(module, rank)
	}
	return 1
}
