package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"darkroom/render/checkpoint/network"
	"darkroom/render/onnx/graph"
	"darkroom/render/safetensors"
)

// spanUnprepared is the marker tensor of a SPAN that takes images as they are, without mean and range.
const spanUnprepared = "no_norm"

// kernel is a convolution of 3×3 or 1×1 with its bias, in float64.
type kernel struct {
	out, in, side int
	weight, bias  []float64
}

// mergeSPAN replaces each convolution of three layers and a shortcut by the one convolution that does the same, as
// SPAN's Conv3XC.update_params does before it runs. What the file has merged (eval_conv) is not read, as there: it may
// be of an earlier step of training.
func mergeSPAN(file *safetensors.File, w network.Weights) (network.Weights, error) {
	mapping, err := file.Map()
	if err != nil {
		return nil, err
	}
	defer mapping.Close()
	read := func(module string) (kernel, error) { return readKernel(mapping, w, module) }
	out := network.Weights{}
	for name, weight := range w {
		module, isPart := cutPart(name)
		switch {
		case !isPart:
			out[name] = weight
		case !out.Has(module + ".weight"): // the first of its parts
			merged, err := mergeKernels(module, read)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", module, err)
			}
			out[module+".weight"] = merged.weightOf(merged.weight, merged.out, merged.in, merged.side, merged.side)
			out[module+".bias"] = merged.weightOf(merged.bias, merged.out)
		}
	}
	return out, nil
}

// cutPart divides the name of a part of a convolution from the convolution's.
func cutPart(name string) (module string, ok bool) {
	for _, part := range []string{".sk.", ".eval_conv.", ".conv.0.", ".conv.1.", ".conv.2."} {
		if at := strings.LastIndex(name, part); at > 0 {
			return name[:at], true
		}
	}
	return "", false
}

// weightOf is a weight of float32.
func (kernel) weightOf(values []float64, shape ...int) network.Weight {
	var data []byte
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(v)))
	}
	return network.Weight{Type: graph.Float, Shape: shape, Data: data, Length: int64(len(data))}
}

// maxMerged bounds the channels of what is merged. SPAN has 96; a file that claims thousands would take minutes.
const maxMerged = 256

func readKernel(mapping *safetensors.Mapping, w network.Weights, module string) (kernel, error) {
	weight, bias := w[module+".weight"], w[module+".bias"]
	s := weight.Shape
	if len(s) == 4 && max(s[0], s[1]) > maxMerged {
		return kernel{}, fmt.Errorf("%s: %d channels, want at most %d", module, max(s[0], s[1]), maxMerged)
	}
	if len(s) != 4 || s[2] != s[3] || s[2] != 1 && s[2] != 3 || !slices.Equal(bias.Shape, s[:1]) {
		return kernel{}, fmt.Errorf("%s: a weight of %v and a bias of %v", module, s, bias.Shape)
	}
	k := kernel{out: s[0], in: s[1], side: s[2]}
	for _, part := range []struct {
		from network.Weight
		into *[]float64
	}{{weight, &k.weight}, {bias, &k.bias}} {
		values, err := safetensors.Floats(dtypeOf(part.from.Type), mapping.Mapping.Bytes(part.from.Offset, part.from.Length))
		if err != nil {
			return kernel{}, err
		}
		for _, v := range values {
			*part.into = append(*part.into, float64(v))
		}
	}
	return k, nil
}

// mergeKernels merges conv.0 (1×1), conv.1 (3×3), conv.2 (1×1), and the shortcut sk (1×1) beside them.
func mergeKernels(module string, read func(module string) (kernel, error)) (kernel, error) {
	var parts [4]kernel
	for i, name := range []string{".conv.0", ".conv.1", ".conv.2", ".sk"} {
		var err error
		if parts[i], err = read(module + name); err != nil {
			return kernel{}, err
		}
	}
	first, middle, last, shortcut := parts[0], parts[1], parts[2], parts[3]
	switch {
	case first.side != 1 || middle.side != 3 || last.side != 1 || shortcut.side != 1,
		first.out != middle.in || middle.out != last.in,
		shortcut.in != first.in || shortcut.out != last.out:
		return kernel{}, errors.New("its parts do not fit together")
	}
	m := last.after(middle.after(first))
	for o := range m.out {
		m.bias[o] += shortcut.bias[o]
		for i := range m.in {
			m.weight[(o*m.in+i)*9+4] += shortcut.weight[o*m.in+i]
		}
	}
	return m, nil
}

// after is the convolution that does first what another does, then what this one does. One of the two is 1×1. Zeros
// around an image are padded before both.
func (k kernel) after(before kernel) kernel {
	m := kernel{out: k.out, in: before.in, side: max(k.side, before.side), bias: slices.Clone(k.bias)}
	places := m.side * m.side
	m.weight = make([]float64, m.out*m.in*places)
	taps, tapsBefore := k.side*k.side, before.side*before.side
	for o := range k.out {
		for c := range k.in {
			for p := range places {
				own := k.weight[(o*k.in+c)*taps+min(p, taps-1)]
				if p < taps {
					m.bias[o] += own * before.bias[c]
				}
				for i := range before.in {
					m.weight[(o*m.in+i)*places+p] += own * before.weight[(c*before.in+i)*tapsBefore+min(p, tapsBefore-1)]
				}
			}
		}
	}
	return m
}

// dtypeOf is the reverse of graphType.
func dtypeOf(kind graph.Type) safetensors.DType {
	for _, d := range []safetensors.DType{
		safetensors.F64, safetensors.F32, safetensors.F16, safetensors.BF16, safetensors.F8E4M3, safetensors.F8E5M2,
	} {
		if k, _ := graphType(d); k == kind {
			return d
		}
	}
	return ""
}
