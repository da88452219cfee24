package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"darkroom/render/download"
	"darkroom/render/family"
)

// Wish is what somebody wants of a repository.
type Wish struct {
	FP16 bool     // the fp16 variants of weights, where there are some
	ONNX bool     // ONNX files, where there are safetensors too
	With []string // folders of a pipeline besides those that make images, such as safety_checker
}

// Choice is the files of a repository that make one model, or one file of it.
type Choice struct {
	Files  []File
	Folder bool     // a model folder; else one file
	As     string   // what a lone file is called; "" for its own name
	Notes  []string // what is not as was wished, a sentence each
	root   string   // what a model folder's files are named from, "" or "FOLDER/"
}

// Place is where a file belongs: its path in the model folder, or the name of a lone file.
func (c Choice) Place(f File) string {
	switch {
	case c.Folder:
		return strings.TrimPrefix(f.Path, c.root)
	case c.As != "":
		return c.As
	}
	return path.Base(f.Path)
}

// Bytes is the size of all files.
func (c Choice) Bytes() (sum int64) {
	for _, f := range c.Files {
		sum += f.Size
	}
	return sum
}

// indexFile is the file that makes a folder a pipeline's.
const indexFile = "model_index.json"

// Choose picks what a repository has for a wish: the file that was named, the parts of its pipeline, or its only file
// of weights. The error says what there is instead. A pipeline of a family that is not supported is refused here,
// before anything large is fetched.
func (c *Client) Choose(ctx context.Context, r *Repository, w Wish) (Choice, error) {
	if i := slices.IndexFunc(r.Files, func(f File) bool { return f.Path == r.Name.Path }); i >= 0 {
		return Choice{Files: r.Files[i : i+1]}, nil
	}
	root := ""
	if r.Name.Path != "" {
		root = r.Name.Path + "/"
	}
	at := slices.IndexFunc(r.Files, func(f File) bool { return f.Path == root+indexFile })
	if at < 0 {
		return r.onlyFile(root)
	}
	p := newPipeline(r.Files, root, w)
	data, err := c.small(ctx, r, r.Files[at])
	if err != nil {
		return Choice{}, err
	}
	if err := p.readIndex(data); err != nil {
		return Choice{}, fmt.Errorf("%s: %w", r.Name, err)
	}
	choice, err := p.choose()
	if err != nil {
		return Choice{}, fmt.Errorf("%s: %w", r.Name, err)
	}
	return choice, nil
}

// onlyFile picks the only file of weights directly below root.
func (r *Repository) onlyFile(root string) (Choice, error) {
	var found []File
	for _, f := range r.Files {
		if strings.HasSuffix(strings.ToLower(f.Path), safetensors) && path.Dir(f.Path) == path.Dir(root+"x") && f.Size > 0 {
			found = append(found, f)
		}
	}
	switch len(found) {
	case 0:
		return Choice{}, fmt.Errorf("%s holds no model: no %s and no .safetensors%s", r.Name, indexFile, r.instead())
	case 1:
		return Choice{Files: found}, nil
	}
	return Choice{}, fmt.Errorf("%s holds %d files of weights; name one: %s", r.Name, len(found), r.examples(found))
}

// instead names the weights of other formats.
func (r *Repository) instead() string {
	for _, ext := range []string{".gguf", ".ckpt", ".pth", ".bin", ".onnx"} {
		for _, f := range r.Files {
			if strings.HasSuffix(strings.ToLower(f.Path), ext) {
				return fmt.Sprintf(" (there is %s)", f.Path)
			}
		}
	}
	return ""
}

func (r *Repository) examples(files []File) string {
	const most = 8
	var all []string
	for _, f := range files[:min(len(files), most)] {
		n := r.Name
		n.Path = f.Path
		all = append(all, fmt.Sprintf("%s (%s)", n, download.Size(f.Size)))
	}
	text := strings.Join(all, ", ")
	if len(files) > most {
		text += ", …"
	}
	return text
}

// pipeline is a repository's files by folder, and what model_index.json says of them.
type pipeline struct {
	wish   Wish
	root   string
	files  map[string][]File // by the folder below root, "" for root itself
	listed []string          // parts that the index has
}

func newPipeline(all []File, root string, w Wish) *pipeline {
	p := &pipeline{wish: w, root: root, files: map[string][]File{}}
	for _, f := range all {
		if rel, ok := strings.CutPrefix(f.Path, root); ok && f.Size > 0 { // no part has an empty file
			dir, _ := path.Split(rel)
			p.files[strings.TrimSuffix(dir, "/")] = append(p.files[strings.TrimSuffix(dir, "/")], f)
		}
	}
	return p
}

// readIndex reads the parts of a pipeline, and refuses the families that are not supported.
func (p *pipeline) readIndex(data []byte) error {
	var index map[string]json.RawMessage
	if err := json.Unmarshal(data, &index); err != nil {
		return fmt.Errorf("%s: %w", indexFile, errNotJSON(err))
	}
	clues := family.Clues{}
	_ = json.Unmarshal(index["_class_name"], &clues.Pipeline) // a list stands for code of its own
	var both []string
	if json.Unmarshal(index["_class_name"], &both) == nil && len(both) == 2 {
		clues.Pipeline = both[1]
	}
	for name, value := range index {
		var of []*string // library and class, null where the part is missing
		if json.Unmarshal(value, &of) == nil && len(of) == 2 && of[1] != nil && name[0] != '_' {
			p.listed = append(p.listed, name)
		}
	}
	slices.Sort(p.listed)
	clues.Folders = p.listed
	if why := family.Unsupported(clues); why != "" {
		return fmt.Errorf("%s: %s", shown(clues.Pipeline), why)
	}
	return nil
}

// choose picks the files of one layout, diffusers' or Optimum's.
func (p *pipeline) choose() (Choice, error) {
	weights, _, err := p.weights("unet")
	onnx := p.has("unet", onnxFile)
	c := Choice{Folder: true, root: p.root}
	switch {
	case p.wish.ONNX && !onnx:
		return c, fmt.Errorf("there is no unet/%s", onnxFile)
	case onnx && (p.wish.ONNX || len(weights) == 0):
		p.chooseONNX(&c)
	case err != nil:
		return c, err
	default:
		if err := p.chooseTensors(&c); err != nil {
			return c, err
		}
	}
	for _, f := range p.files[""] {
		name := strings.ToLower(path.Base(f.Path))
		if name == indexFile || name == "darkroom.json" || strings.HasPrefix(name, "license") {
			c.Files = append(c.Files, f)
		}
	}
	slices.SortFunc(c.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return c, nil
}

func (p *pipeline) has(dir, name string) bool {
	return slices.ContainsFunc(p.files[dir], func(f File) bool { return path.Base(f.Path) == name })
}

// configFiles are the small files of a part.
var configFiles = []string{
	"config.json", "scheduler_config.json", "preprocessor_config.json", "vocab.json", "merges.txt", "tokenizer.json",
	"tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
}

func (p *pipeline) configs(c *Choice, dirs ...string) {
	for _, dir := range dirs {
		for _, f := range p.files[dir] {
			if slices.Contains(configFiles, path.Base(f.Path)) {
				c.Files = append(c.Files, f)
			}
		}
	}
}

// chooseTensors picks diffusers' layout: of each part with weights one variant, and its configuration.
func (p *pipeline) chooseTensors(c *Choice) error {
	var parts []string
	for _, part := range append([]string{"unet", "vae", "scheduler"}, family.AllTextParts()...) {
		if slices.Contains(p.listed, part) || part == "vae" || part == "scheduler" {
			parts = append(parts, part)
		}
	}
	for _, part := range p.wish.With {
		if len(p.files[part]) == 0 {
			return fmt.Errorf("there is no folder %q", part)
		}
		parts = append(parts, part)
	}
	p.configs(c, parts...)
	for _, part := range parts {
		if strings.HasPrefix(part, "tokenizer") || part == "scheduler" || part == "feature_extractor" {
			continue
		}
		files, note, err := p.weights(part)
		if err != nil {
			return err
		}
		c.Files = append(c.Files, files...)
		if note != "" {
			c.Notes = append(c.Notes, note)
		}
	}
	return nil
}

const (
	safetensors = ".safetensors"
	onnxFile    = "model.onnx"
)

// chooseONNX picks Optimum's layout. A network may keep its weights in files of any name beside it, so what is not of
// another format comes along.
func (p *pipeline) chooseONNX(c *Choice) {
	parts := append([]string{"unet", "vae_decoder", "vae_encoder", "scheduler", "upscaler"}, family.AllTextParts()...)
	parts = append(parts, "vae_tiny_decoder", "taesd_decoder")
	parts = append(parts, p.wish.With...)
	for _, dir := range parts {
		for _, f := range p.files[dir] {
			if slices.Contains(configFiles, path.Base(f.Path)) || p.has(dir, onnxFile) && !isForeign(path.Base(f.Path)) {
				c.Files = append(c.Files, f)
			}
		}
	}
	for _, f := range p.files[""] {
		if name := path.Base(f.Path); name == "taesd_decoder.onnx" || name == "taesdxl_decoder.onnx" {
			c.Files = append(c.Files, f)
		}
	}
}

// isForeign tells whether a file beside a network is of another format, or another network.
func isForeign(name string) bool {
	switch ext := strings.ToLower(path.Ext(name)); ext {
	case safetensors, ".bin", ".msgpack", ".h5", ".ckpt", ".pt", ".pth", ".xml", ".gguf", ".md", ".py", ".gitattributes":
		return true
	case ".onnx":
		return name != onnxFile
	}
	return name[0] == '.'
}
