package hub

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// variant is the files that hold one part's weights once: a whole file, or all its shards.
type variant struct {
	base   string // "diffusion_pytorch_model"
	name   string // "fp16"; "" for the plain one
	shards int    // how many there should be; 0 for a whole file
	files  []File
}

// shard finds the number in model-00001-of-00002.safetensors and model.fp16-00001-of-00002.safetensors.
var shard = regexp.MustCompile(`-(\d{5})-of-(\d{5})`)

// readVariant reads a file's name; false for one of another format.
func readVariant(f File) (variant, bool) {
	stem, ok := strings.CutSuffix(path.Base(f.Path), safetensors)
	if !ok {
		return variant{}, false
	}
	v := variant{files: []File{f}}
	if m := shard.FindStringSubmatchIndex(stem); m != nil {
		v.shards, _ = strconv.Atoi(stem[m[4]:m[5]]) // five digits
		stem = stem[:m[0]] + stem[m[1]:]
	}
	v.base, v.name, _ = strings.Cut(stem, ".")
	return v, true
}

// variants groups a part's files of weights.
func variants(files []File) []variant {
	var all []variant
	for _, f := range files {
		v, ok := readVariant(f)
		if !ok {
			continue
		}
		i := slices.IndexFunc(all, func(o variant) bool {
			return o.base == v.base && o.name == v.name && o.shards == v.shards
		})
		if i < 0 {
			all = append(all, v)
		} else {
			all[i].files = append(all[i].files, f)
		}
	}
	return all
}

// rank orders variants for a wish, the best first: files under diffusers' own names before others, then the variant
// that was asked for, the plain one and fp16, and a whole file before shards.
func (v variant) rank(fp16 bool) int {
	rank := 0
	if v.base != "diffusion_pytorch_model" && v.base != "model" {
		rank += 100
	}
	switch {
	case v.name == "fp16" && fp16, v.name == "" && !fp16:
	case v.name == "":
		rank += 10
	case v.name == "fp16":
		rank += 20
	default:
		rank += 30
	}
	if v.shards > 0 {
		rank++
	}
	return rank
}

// weights picks the variant of a part, with a note where it is not the one that was asked for.
func (p *pipeline) weights(part string) (files []File, note string, err error) {
	all := variants(p.files[part])
	if len(all) == 0 {
		return nil, "", fmt.Errorf("no .safetensors in the folder %s%s", part, p.pickles(part))
	}
	slices.SortStableFunc(all, func(a, b variant) int {
		return cmp.Or(cmp.Compare(a.rank(p.wish.FP16), b.rank(p.wish.FP16)), strings.Compare(a.base+a.name, b.base+b.name))
	})
	v := all[0]
	if v.shards > 0 && len(v.files) != v.shards {
		return nil, "", fmt.Errorf("the folder %s has %d of %d shards of its weights", part, len(v.files), v.shards)
	}
	switch {
	case p.wish.FP16 && v.name != "fp16":
		note = fmt.Sprintf("%s has no fp16 variant: %s is taken", part, path.Base(v.files[0].Path))
	case !p.wish.FP16 && v.name != "":
		note = fmt.Sprintf("%s has the variant %s alone", part, v.name)
	}
	return v.files, note, nil
}

// pickles names the weights of a part that are not opened.
func (p *pipeline) pickles(part string) string {
	for _, f := range p.files[part] {
		switch name := path.Base(f.Path); path.Ext(name) {
		case ".bin", ".ckpt", ".pt", ".pth":
			return fmt.Sprintf(
				": %s is a pickle, which can run a program when it is opened; look for a repository with .safetensors", name)
		}
	}
	return ""
}
