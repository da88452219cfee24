package addon

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"darkroom/render/addon/embedding"
	"darkroom/render/filehash"
	"darkroom/render/safetensors"
	"darkroom/render/weightname"
)

// LoRA is an opened file of changes to modules: a LoRA, or one of the kinds that share its folder. Nothing but its
// header was read. It may be used from several goroutines.
type LoRA struct {
	Name string // how people call it
	Hash string // SHA-256 of the file; it tells merged weights apart

	file    *safetensors.File
	modules map[string]map[weightname.Field]string // keys, by the module's name in the file
	other   []string                               // keys that are no field of a module
	peft    map[string]peftSettings                // by the beginning of keys
}

// bundled is what keys of embeddings inside a LoRA begin with, in A1111.
const bundled = "bundle_emb."

// OpenLoRA reads the header of a file of safetensors. A file of another format is refused.
func OpenLoRA(path, name, hash string) (*LoRA, error) {
	switch extension := strings.ToLower(filepath.Ext(path)); extension {
	case ".safetensors":
	case ".pt", ".ckpt", ".bin", ".pth":
		return nil, refuse("“%s” is a %s file (pickle), which may run code; only .safetensors is supported for LoRAs",
			shorten(name), extension)
	default:
		return nil, refuse("“%s” is no .safetensors file", shorten(name))
	}
	file, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	l := &LoRA{Name: name, Hash: hash, file: file, modules: map[string]map[weightname.Field]string{}}
	for _, key := range file.Names() {
		module, field := weightname.SplitKey(key)
		if strings.HasPrefix(key, bundled) {
			continue
		}
		if field == "" {
			l.other = append(l.other, key)
			continue
		}
		if l.modules[module] == nil {
			l.modules[module] = map[weightname.Field]string{}
		}
		if _, twice := l.modules[module][field]; twice {
			l.other = append(l.other, key)
			continue
		}
		l.modules[module][field] = key
	}
	l.dropPlainWeights()
	if len(l.modules) == 0 && len(l.bundledKeys()) == 0 {
		return nil, refuse("“%s” is no LoRA: none of its %d tensors is a change of a module", shorten(name),
			len(file.Tensors))
	}
	return l, l.readPEFT()
}

// dropPlainWeights takes out modules that hold nothing but a weight, as in a checkpoint: an IA³ says on_input beside
// it.
func (l *LoRA) dropPlainWeights() {
	for module, fields := range l.modules {
		if _, ia3 := fields["on_input"]; fields["weight"] != "" && !ia3 {
			l.other = append(l.other, fields["weight"])
			if delete(fields, "weight"); len(fields) == 0 {
				delete(l.modules, module)
			}
		}
	}
	slices.Sort(l.other)
}

// Embeddings reads the textual inversions that the file carries, by name.
func (l *LoRA) Embeddings() (map[string]embedding.Embedding, error) {
	found := map[string]embedding.Embedding{}
	for name, keys := range l.bundledKeys() {
		e, err := embedding.FromSafetensors(l.file, keys, name)
		if err != nil {
			return nil, refuse("“%s”: its embedding “%s” cannot be read: %s", shorten(l.Name), shorten(name),
				shorten(err.Error()))
		}
		found[name] = e
	}
	return found, nil
}

// bundledKeys lists the keys of embeddings that the file carries, by embedding.
func (l *LoRA) bundledKeys() map[string][]string {
	found := map[string][]string{}
	for _, key := range l.file.Names() {
		if rest, ok := strings.CutPrefix(key, bundled); ok {
			name, _, _ := strings.Cut(rest, ".")
			found[name] = append(found[name], key)
		}
	}
	return found
}

// peftSettings are PEFT's LoraConfig, as far as it decides a change.
type peftSettings struct {
	Rank         int                `json:"r"`
	Alpha        *float64           `json:"lora_alpha"`
	RSLoRA       bool               `json:"use_rslora"`
	RankPattern  map[string]int     `json:"rank_pattern"`
	AlphaPattern map[string]float64 `json:"alpha_pattern"`

	FeedForward json.RawMessage `json:"feedforward_modules"` // of IA³: a list of names, or one pattern
	// feedsForward says that the module in question is among them.
	feedsForward bool

	// Of OFT.
	COFT          bool     `json:"coft"`
	Epsilon       *float64 `json:"eps"`
	CayleyNeumann *bool    `json:"use_cayley_neumann"`
	NeumannTerms  int      `json:"num_cayley_neumann_terms"`
}

// readPEFT reads PEFT's settings: diffusers writes those of each part, with its name and a dot before each setting,
// into the metadata; PEFT itself writes adapter_config.json beside adapter_model.safetensors.
func (l *LoRA) readPEFT() error {
	l.peft = map[string]peftSettings{}
	if text, ok := l.file.Metadata["lora_adapter_metadata"]; ok {
		var flat map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &flat); err != nil {
			return refuse("“%s”: its lora_adapter_metadata is no JSON object", shorten(l.Name))
		}
		for _, part := range []string{"unet", "text_encoder_2", "text_encoder"} {
			own := map[string]json.RawMessage{}
			for key, value := range flat {
				if setting, ok := strings.CutPrefix(key, part+"."); ok {
					own[setting] = value
				}
			}
			if err := l.addPEFT(part+".", own); err != nil {
				return err
			}
		}
	}
	if filepath.Base(l.file.Path) != "adapter_model.safetensors" {
		return nil
	}
	data, err := filehash.ReadSmall(filepath.Join(filepath.Dir(l.file.Path), "adapter_config.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil // without it, alpha counts as the rank
	}
	if err != nil {
		return err
	}
	var own map[string]json.RawMessage
	if err := json.Unmarshal(data, &own); err != nil {
		return refuse("“%s”: its adapter_config.json is no JSON object", shorten(l.Name))
	}
	return l.addPEFT("", own)
}

func (l *LoRA) addPEFT(prefix string, own map[string]json.RawMessage) error {
	if len(own) == 0 {
		return nil
	}
	data, err := json.Marshal(own)
	if err != nil {
		return fmt.Errorf("peft settings: %w", err)
	}
	var s peftSettings
	if err := json.Unmarshal(data, &s); err != nil {
		return refuse("“%s”: its PEFT settings cannot be read: %s", shorten(l.Name), shorten(err.Error()))
	}
	l.peft[prefix] = s
	return nil
}

// peftOf returns the settings of a module; none where the file says nothing.
func (l *LoRA) peftOf(module string) (s peftSettings) {
	longest := ""
	for prefix, settings := range l.peft {
		if strings.HasPrefix(module, prefix) && len(prefix) >= len(longest) {
			longest, s = prefix, settings
		}
	}
	var names []string
	if json.Unmarshal(s.FeedForward, &names) == nil {
		s.feedsForward = slices.ContainsFunc(names, func(n string) bool {
			return module == n || strings.HasSuffix(module, "."+n)
		})
	}
	return s
}

// peftScale is alpha/r of a module whose file says it once for all modules, or alpha/√r with rank-stabilised LoRA
// (https://arxiv.org/abs/2312.03732); 1 where nothing is said. Patterns name the ends of modules' names.
func (l *LoRA) peftScale(module string, rank int) float64 {
	s := l.peftOf(module)
	alpha := s.Alpha
	for pattern, a := range s.AlphaPattern {
		if module == pattern || strings.HasSuffix(module, "."+pattern) {
			alpha = &a
		}
	}
	switch {
	case alpha == nil:
		return 1
	case s.RSLoRA:
		return *alpha / math.Sqrt(float64(rank))
	default:
		return *alpha / float64(rank)
	}
}
