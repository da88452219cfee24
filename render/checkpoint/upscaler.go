package checkpoint

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"darkroom/render/checkpoint/network"
	"darkroom/render/folder"
	"darkroom/render/mapped"
	"darkroom/render/onnx/graph"
	"darkroom/render/safetensors"
	"darkroom/render/weightname"
)

// OpenUpscaler opens a file of a network that enlarges images: ESRGAN (RRDBNet) in any naming, Real-ESRGAN's
// SRVGGNetCompact, or SPAN. Which one it is, its scale and its sizes are read from names and shapes of the weights. No
// weights are loaded, but for SPAN's, which are merged. The error names the file and the reason.
func OpenUpscaler(path string) (*folder.Upscaler, error) {
	if err := Refuse(path); err != nil {
		return nil, fmt.Errorf("upscaler: %w", err)
	}
	file, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("upscaler: %w", explain(path, err))
	}
	u, err := describeUpscaler(path, file)
	if err != nil {
		return nil, fmt.Errorf("upscaler: %s: %w", path, err)
	}
	return u, nil
}

func describeUpscaler(path string, file *safetensors.File) (*folder.Upscaler, error) {
	keys, prefix := upscalerKeys(file.Names())
	found, err := recogniseUpscaler(keys)
	if err != nil {
		return nil, err
	}
	weights := network.Weights{}
	for _, key := range keys {
		name, known := found.canonical(key)
		if !known {
			return nil, fmt.Errorf("%s has no weight %s: this is a variant that is not read", found.title, safetensors.Quote(key))
		}
		w, isNumber, err := weightAt(file, weightname.Place{Key: prefix + key})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", safetensors.Quote(key), err)
		}
		if name != "" && isNumber {
			weights[name] = w
		}
	}
	if found.prepare != nil {
		if weights, err = found.prepare(file, weights); err != nil {
			return nil, err
		}
	}
	write := func(o graph.WriteOptions) (graph.Written, error) { return found.write(weights, o) }
	w, err := write(graph.WriteOptions{Constants: true})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", found.title, err)
	}
	n := folder.Network{
		Path: path, Inputs: w.Inputs, Outputs: w.Outputs,
		Written: &folder.Written{Write: write, Files: map[string]*mapped.File{file.Path: file.File}},
	}
	u, err := folder.NewUpscaler(n, w.Model, 1)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", found.title, err)
	}
	return u, nil
}

// upscalerKeys lists the keys of the weights, without the prefix that training programs put before them. Of averaged
// weights and others beside them it takes the averaged ones, as Real-ESRGAN does.
func upscalerKeys(all []string) (keys []string, prefix string) {
	for _, prefix := range []string{"params_ema.", "params.", "state_dict."} {
		for _, key := range all {
			if rest, ok := strings.CutPrefix(key, prefix); ok {
				keys = append(keys, rest)
			}
		}
		if len(keys) > 0 {
			return keys, prefix
		}
	}
	return all, ""
}

// recogniseUpscaler tells what a network is by its keys.
func recogniseUpscaler(keys []string) (architecture, error) {
	has := map[string]bool{}
	for _, key := range keys {
		has[key] = true
	}
	for _, a := range architectures {
		if slices.ContainsFunc(a.signs, func(sign string) bool { return has[sign] }) {
			return a, nil
		}
	}
	names := slices.Sorted(maps.Keys(strangeUpscalers))
	for _, name := range names {
		for _, key := range keys {
			if strings.Contains(key, strangeUpscalers[name]) {
				return architecture{}, fmt.Errorf("it looks like %s; supported are %s", name, supportedUpscalers)
			}
		}
	}
	if len(keys) == 0 {
		return architecture{}, errors.New("it holds no tensors")
	}
	return architecture{}, fmt.Errorf("none of the known upscalers has its weights (the first is %s); supported are %s",
		safetensors.Quote(keys[0]), supportedUpscalers)
}

// IsUpscaler tells whether a file with these keys is an upscaler that OpenUpscaler may know.
func IsUpscaler(names []string) bool {
	keys, _ := upscalerKeys(names)
	_, err := recogniseUpscaler(keys)
	return err == nil
}
