package checkpoint

import (
	"fmt"
	"regexp"
	"strconv"

	"darkroom/render/checkpoint/network"
	"darkroom/render/onnx/graph"
	"darkroom/render/safetensors"
)

// architecture is a kind of network that enlarges images.
type architecture struct {
	title string
	signs []string // keys, each of which only it has
	// names translate keys into those of package network; "" for a tensor that is not needed.
	names []renaming
	// prepare changes weights before the network is written; nil for nothing.
	prepare func(*safetensors.File, network.Weights) (network.Weights, error)
	write   func(network.Weights, graph.WriteOptions) (graph.Written, error)
}

type renaming struct {
	key *regexp.Regexp
	to  string
}

func rename(key, to string) renaming { return renaming{regexp.MustCompile(`^` + key + `$`), to} }

// canonical is a weight's name in package network.
func (a architecture) canonical(key string) (name string, known bool) {
	for _, r := range a.names {
		if m := r.key.FindStringSubmatchIndex(key); m != nil {
			return string(r.key.ExpandString(nil, r.to, key, m)), true
		}
	}
	return "", false
}

// supportedUpscalers names them in messages.
const supportedUpscalers = "ESRGAN and Real-ESRGAN (RRDBNet), Real-ESRGAN's compact networks, and SPAN"

// plain translates a key to itself.
const plain = "$0"

var architectures = []architecture{
	{
		title: "ESRGAN", write: network.RRDBNet, signs: []string{"body.0.rdb1.conv1.weight"}, // Real-ESRGAN
		names: []renaming{
			rename(`(conv_(first|body|up\d|hr|last)|body\.\d+\.rdb[123]\.(conv[1-5]|conv1x1))\.(weight|bias)`, plain),
		},
	},
	{
		title: "ESRGAN", write: network.RRDBNet, signs: []string{"RRDB_trunk.0.RDB1.conv1.weight"}, // BSRGAN, RealSR
		names: []renaming{
			rename(`conv_(first|last)\.(weight|bias)`, plain), rename(`trunk_conv\.(weight|bias)`, "conv_body.$1"),
			rename(`RRDB_trunk\.(\d+)\.RDB([123])\.(conv[1-5]|conv1x1)\.(weight|bias)`, "body.$1.rdb$2.$3.$4"),
			rename(`upconv(\d)\.(weight|bias)`, "conv_up$1.$2"), rename(`HRconv\.(weight|bias)`, "conv_hr.$1"),
		},
	},
	{
		title: "ESRGAN", signs: []string{"model.1.sub.0.RDB1.conv1.0.weight"}, write: network.RRDBNet,
		names: []renaming{
			rename(`model\.0\.(weight|bias)`, "conv_first.$1"),
			rename(`model\.1\.sub\.(\d+)\.RDB([123])\.(conv[1-5])\.0\.(weight|bias)`, "body.$1.rdb$2.$3.$4"),
			rename(`model\.1\.sub\.(\d+)\.RDB([123])\.conv1x1\.(weight|bias)`, "body.$1.rdb$2.conv1x1.$3"),
			rename(`model\.(1\.sub\.\d+|\d+)\.(weight|bias)`, plain), // counted: see oldNames
		},
		prepare: oldNames,
	},
	{
		title: "SPAN", signs: []string{"block_1.c1_r.sk.weight", "block_1.c1_r.eval_conv.weight"},
		write: func(w network.Weights, o graph.WriteOptions) (graph.Written, error) {
			_, plain := w[spanUnprepared]
			return network.SPAN(w, !plain, o)
		},
		names: []renaming{
			rename(`(conv_[12]|block_[1-6]\.c[123]_r)\.(sk|eval_conv|conv\.[012])\.(weight|bias)`, plain),
			rename(`(conv_cat|upsampler\.0)\.(weight|bias)`, plain), rename(spanUnprepared, plain),
		},
		prepare: mergeSPAN,
	},
	{
		title: "Real-ESRGAN's compact network", signs: []string{"body.0.weight"}, write: network.Compact,
		names: []renaming{rename(`body\.\d+\.(weight|bias)`, plain)},
	},
}

// strangeUpscalers are architectures that are not supported, with a piece of a key that they have.
var strangeUpscalers = map[string]string{
	"SwinIR or another transformer (HAT, DAT, …)": ".relative_position_",
	"PLKSR":     "feats.1.lk.",
	"OmniSR":    "residual_layer.0.residual_layer.",
	"SAFMN":     "feats.0.safm.",
	"RealCUGAN": "unet1.conv1.conv.",
	"MoSR":      "gblocks.0.",
	"RCAN":      "body.0.body.0.body.0.",
	"GFPGAN":    "stylegan_decoder.",
}

// oldNames gives the counted layers of old ESRGAN files their names: model.1.sub.N is the last of the trunk; after it
// stand the doublings, each three apart, and the last two convolutions two apart.
func oldNames(_ *safetensors.File, w network.Weights) (network.Weights, error) {
	out, last := network.Weights{}, 0
	for name := range w {
		if m := countedLayer.FindStringSubmatch(name); m != nil && m[2] == "" {
			n, _ := strconv.Atoi(m[3])
			last = max(last, n)
		}
	}
	for name, weight := range w {
		m := countedLayer.FindStringSubmatch(name)
		if m == nil {
			out[name] = weight
			continue
		}
		n, _ := strconv.Atoi(m[3])
		var to string
		switch {
		case m[2] != "":
			to = "conv_body"
		case n == last:
			to = "conv_last"
		case n == last-2:
			to = "conv_hr"
		case n%3 == 0 && n < last-2:
			to = fmt.Sprintf("conv_up%d", n/3)
		default:
			return nil, fmt.Errorf("ESRGAN has no layer model.%d", n)
		}
		if out.Has(to + "." + m[4]) {
			return nil, fmt.Errorf("two layers are %s", to)
		}
		out[to+"."+m[4]] = weight
	}
	return out, nil
}

var countedLayer = regexp.MustCompile(`^model\.((1\.sub\.)?(\d+))\.(weight|bias)$`)
