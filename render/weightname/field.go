package weightname

import "strings"

// Field says what a tensor of an add-on is to its module, as kohya's scripts and LyCORIS call it, without ".weight":
// "lora_down", "lora_up", "alpha", "hada_w1_a".
type Field string

// The fields of a LoRA; other kinds have the names that they have in files.
const (
	Down      Field = "lora_down"             // [rank, in, …]
	Up        Field = "lora_up"               // [out, rank, …]
	Mid       Field = "lora_mid"              // [rank, rank, height, width]
	Alpha     Field = "alpha"                 // a number
	Scale     Field = "scale"                 // a number in place of alpha/rank
	DoRAScale Field = "dora_scale"            // LyCORIS's magnitudes, of rows or of columns
	Magnitude Field = "lora_magnitude_vector" // PEFT's magnitudes, always of rows
)

// endings are what a key ends with, and the field it means. Longer endings come before shorter ones that they end with.
var endings = []struct {
	ending string
	field  Field
}{
	{".lora_down.weight", Down},
	{".lora_up.weight", Up},
	{".lora_mid.weight", Mid},
	{".lora_A.default.weight", Down}, // PEFT with the adapter's name
	{".lora_B.default.weight", Up},
	{".lora_A.weight", Down}, // PEFT
	{".lora_B.weight", Up},
	{".lora_linear_layer.down.weight", Down}, // diffusers' first text encoders
	{".lora_linear_layer.up.weight", Up},
	{".lora.down.weight", Down}, // diffusers before PEFT
	{".lora.up.weight", Up},
	{"_lora.down.weight", Down}, // diffusers' attention processors
	{"_lora.up.weight", Up},
	{".lora_magnitude_vector.default.weight", Magnitude},
	{".lora_magnitude_vector.weight", Magnitude},
	{".lora_magnitude_vector", Magnitude},
	{".lora_B.bias", "lora_up_bias"},
	{".dora_scale", DoRAScale},
	{".network_alpha", Alpha},
	{".alpha", Alpha},
	{".scale", Scale},
	{".diff", "diff"},
	{".diff_b", "diff_b"},
	{".set_weight", "set_weight"},
	{".reshape_weight", "reshape_weight"},
	{".w_norm", "w_norm"},
	{".b_norm", "b_norm"},
	{".hada_w1_a", "hada_w1_a"},
	{".hada_w1_b", "hada_w1_b"},
	{".hada_w2_a", "hada_w2_a"},
	{".hada_w2_b", "hada_w2_b"},
	{".hada_t1", "hada_t1"},
	{".hada_t2", "hada_t2"},
	{".lokr_w1", "lokr_w1"},
	{".lokr_w1_a", "lokr_w1_a"},
	{".lokr_w1_b", "lokr_w1_b"},
	{".lokr_w2", "lokr_w2"},
	{".lokr_w2_a", "lokr_w2_a"},
	{".lokr_w2_b", "lokr_w2_b"},
	{".lokr_t2", "lokr_t2"},
	{".oft_diag", "oft_diag"},
	{".oft_blocks", "oft_blocks"},
	{".oft_R.default.weight", "oft_R"}, // PEFT
	{".oft_R.weight", "oft_R"},
	{".oft_r", "oft_r"}, // PEFT before 0.15
	{".boft_R", "boft_R"},
	{".boft_s", "boft_s"},
	{".ia3_l.default", "ia3_l"}, // PEFT
	{".ia3_l", "ia3_l"},
	{".rescale", "rescale"},
	{".on_input", "on_input"},
	{".a1.weight", "a1"},
	{".a2.weight", "a2"},
	{".b1.weight", "b1"},
	{".b2.weight", "b2"},
	{".bm.weight", "bm"},
	{".bias_indices", "bias_indices"},
	{".bias_values", "bias_values"},
	{".bias_size", "bias_size"},
	{".weight", "weight"}, // of an IA³, beside on_input
}

// SplitKey divides a key of an add-on into a module's name, for Modules.Find, and the field. The field is empty for a
// key of no known kind.
func SplitKey(key string) (module string, field Field) {
	for _, e := range endings {
		if module, ok := strings.CutSuffix(key, e.ending); ok && module != "" {
			return module, e.field
		}
	}
	return key, ""
}
