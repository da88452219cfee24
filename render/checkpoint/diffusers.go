package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"darkroom/render/filehash"
	"darkroom/render/folder"
	"darkroom/render/weightname"
)

// folderParts are the folders of a pipeline with weights, and what is in them.
var folderParts = []struct{ dir, part string }{
	{"unet", weightname.Unet}, {"vae", weightname.VAE}, {"text_encoder", weightname.TextEncoder},
	{"text_encoder_2", weightname.TextEncoder2},
}

// IsFolder says whether a folder is a pipeline of diffusers with weights in safetensors, and not in ONNX files. Some
// parts may be missing, which OpenFolder says.
func IsFolder(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, "unet", "model.onnx")); !errors.Is(err, os.ErrNotExist) {
		return false
	}
	listed := listedParts(dir)
	return len(WeightFiles(filepath.Join(dir, "unet"))) > 0 || listed["unet"] && slices.ContainsFunc(folderParts,
		func(p struct{ dir, part string }) bool { return len(WeightFiles(filepath.Join(dir, p.dir))) > 0 })
}

// listedParts are the parts that a folder's model_index.json says it has.
func listedParts(dir string) map[string]bool {
	var index map[string]any
	if readConfig(filepath.Join(dir, "model_index.json"), &index) != nil {
		return nil // whoever opens it hears the error
	}
	listed := map[string]bool{}
	for name, value := range index {
		of, isPart := value.([]any) // the library and the class
		listed[name] = isPart && len(of) == 2 && of[1] != nil
	}
	return listed
}

// WeightFiles lists the files of a part: the whole one, or its shards. Of several variants of one precision the plain
// one counts, else the first by name.
func WeightFiles(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, "*"+Extension)) // the pattern is sound
	variants := map[string][]string{}
	for _, path := range found {
		variants[variantOf(filepath.Base(path))] = append(variants[variantOf(filepath.Base(path))], path)
	}
	names := make([]string, 0, len(variants))
	for v := range variants {
		names = append(names, v)
	}
	if len(names) == 0 {
		return nil
	}
	return variants[slices.Min(names)]
}

// variantOf is "fp16" of model.fp16.safetensors and of model.fp16-00001-of-00002.safetensors.
func variantOf(name string) string {
	stem := strings.TrimSuffix(name, Extension)
	if i := strings.Index(stem, "-0"); i > 0 && strings.Contains(stem[i:], "-of-") {
		stem = stem[:i]
	}
	_, variant, _ := strings.Cut(stem, ".")
	return variant
}

// OpenFolder checks a folder of diffusers that holds safetensors in place of ONNX files. Its hash is that of
// folder.Open.
func OpenFolder(dir string, options ...folder.Option) (*folder.Model, error) {
	f, err := openFolder(dir, options)
	if err != nil {
		return nil, fmt.Errorf("open model folder: %w", err)
	}
	return f, nil
}

func openFolder(dir string, options []folder.Option) (*folder.Model, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	c, listed := contents{path: dir, folder: true}, listedParts(dir)
	for _, p := range folderParts {
		files := WeightFiles(filepath.Join(dir, p.dir))
		if len(files) == 0 && listed[p.dir] {
			return nil, fmt.Errorf("%s: no .safetensors in the folder %s", dir, p.dir)
		}
		for _, path := range files {
			if err := c.readPart(p.part, path); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	if c.parts[weightname.VAE] == nil {
		return nil, fmt.Errorf("%s: no weights in the folder vae", dir)
	}
	v, err := c.recognise()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	d := c.describe(v)
	if err := c.readConfigs(&d); err != nil {
		return nil, err
	}
	return folder.Describe(d, options...)
}

// readPart takes the weights of one part's file.
func (c *contents) readPart(part, path string) error {
	file, err := openFile(path)
	if err != nil {
		return err
	}
	names := weightname.ReadPart(part, file.Names())
	c.files, c.unknown = append(c.files, file), c.unknown+c.countUnknown(names.Unknown)
	return c.take(file, names)
}

// readConfigs reads what the folder's files say of the model.
func (c *contents) readConfigs(d *folder.Description) error {
	var index struct {
		Class      string `json:"_class_name"`
		ForceZeros *bool  `json:"force_zeros_for_empty_prompt"`
		Aesthetics bool   `json:"requires_aesthetics_score"`
	}
	if err := readConfig(filepath.Join(c.path, "model_index.json"), &index); err != nil {
		return err
	}
	d.Class, d.ForceZeros, d.Card = index.Class, index.ForceZeros, filepath.Join(c.path, folder.CardFile)
	d.Scheduler, d.Notes, d.Guess = nil, nil, folder.Guess{}
	d.Aesthetics = d.Aesthetics || index.Aesthetics
	if err := readConfig(filepath.Join(c.path, "scheduler", "scheduler_config.json"), &d.Scheduler); err != nil {
		return err
	}
	var vae struct {
		Scaling float64 `json:"scaling_factor"`
	}
	err := readConfig(filepath.Join(c.path, "vae", "config.json"), &vae)
	if d.Scaling = vae.Scaling; err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var unet struct {
		Size int `json:"sample_size"`
	}
	if readConfig(filepath.Join(c.path, "unet", "config.json"), &unet) == nil && unet.Size >= 32 && unet.Size%8 == 0 {
		d.NativeSize = folder.Size{Width: 8 * unet.Size, Height: 8 * unet.Size}
	}
	return nil
}

func readConfig(path string, into any) error {
	data, err := filehash.ReadSmall(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
