package goldentest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// tensorContent is a tensor to be written: its header, and its values.
type tensorContent struct {
	key, dtype string
	shape      []int
	rows       []int             // of the first dimension, that are no zeros; nil for all
	at         func(i int) value // value i of the tensor
}

// value is a number of a tensor: an integer, or a float.
type value struct {
	whole bool
	float float32
	int   int64
}

// tensors are those of a file, in its order.
func (c *checkpoints) tensors(file checkpointFile) []tensorContent {
	var out []tensorContent
	for _, part := range file.Parts {
		keys := c.Namings[part.Naming]
		if part.Naming == "" {
			for _, rule := range c.Weights[part.Group] {
				keys = append(keys, keyOfWeight{key: rule.name, weights: []string{rule.name}})
			}
		}
		for _, key := range keys {
			out = append(out, c.tensor(part, key))
		}
	}
	for _, e := range file.Extra {
		out = append(out, e.content())
	}
	return out
}

// tensor is what lies under one key.
func (c *checkpoints) tensor(part checkpointPart, key keyOfWeight) tensorContent {
	var formulas []formula
	for _, name := range key.weights {
		rule := c.rules[part.Group][name]
		if own, ok := part.Override[name]; ok {
			rule.scale, rule.offset = own[0], own[1]
		}
		formulas = append(formulas, newFormula(part.Group+"/"+name, rule.scale, rule.offset))
	}
	one := c.rules[part.Group][key.weights[0]].shape
	each := product(one)
	shape := slices.Clone(one)
	if len(formulas) > 1 {
		shape[0] *= len(formulas)
	}
	out := tensorContent{key: part.Prefix + key.key, dtype: cmp.Or(part.DType, "F32"), shape: shape}
	out.at = func(i int) value { return value{float: formulas[i/each].at(i % each)} }
	switch key.form {
	case "T":
		high, wide := one[0], one[1]
		out.shape = []int{wide, high}
		out.at = func(i int) value { return value{float: formulas[0].at(i%high*wide + i/high)} }
	case "C":
		out.shape = append(out.shape, 1, 1)
	}
	if strings.Contains(out.key, "token_embedding") {
		out.rows = c.Tokens
	}
	return out
}

// content is the tensor itself: integers are counted up.
func (e extraTensor) content() tensorContent {
	out := tensorContent{key: e.key, dtype: e.dtype, shape: e.shape}
	scale, offset := 1.0, 0.0
	if len(e.drawn) == 2 {
		scale, offset = e.drawn[0], e.drawn[1]
	}
	f := newFormula("extra/"+e.key, scale, offset)
	out.at = func(i int) value { return value{whole: e.dtype == "I64", float: f.at(i), int: int64(i)} }
	return out
}

func product(shape []int) int {
	n := 1
	for _, side := range shape {
		n *= side
	}
	return n
}

// size is how many bytes a tensor's number takes.
func (c tensorContent) size() int {
	switch c.dtype {
	case "I64":
		return 8
	case "F32":
		return 4
	}
	return narrowFloats[c.dtype].size
}

// write writes a safetensors file and returns the hash of its data.
func (c *checkpoints) write(path string, file checkpointFile) (sum string, err error) {
	tensors := c.tensors(file)
	head, size, err := header(tensors)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer func() { err = cmp.Or(err, f.Close()) }()
	if _, err := f.Write(head); err != nil {
		return "", err
	}
	if err := f.Truncate(int64(len(head) + size)); err != nil {
		return "", err
	}
	digest, at := sha256.New(), int64(len(head))
	for _, t := range tensors {
		if err := t.write(io.NewOffsetWriter(f, at), digest); err != nil {
			return "", err
		}
		at += int64(product(t.shape) * t.size())
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// header is the file's beginning: the length of the JSON, and the JSON, filled up to a multiple of 8 bytes.
func header(tensors []tensorContent) (head []byte, size int, err error) {
	var b bytes.Buffer
	b.WriteString(`{"__metadata__":{"format":"pt"}`)
	for _, t := range tensors {
		end := size + product(t.shape)*t.size()
		shape, err := json.Marshal(append([]int{}, t.shape...)) // never null
		if err != nil {
			return nil, 0, err
		}
		fmt.Fprintf(&b, `,%q:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, t.key, t.dtype, shape, size, end)
		size = end
	}
	b.WriteString("}")
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(b.Len())), b.Bytes()...), size, nil
}

// write writes the numbers of a tensor, row by row.
func (c tensorContent) write(to io.WriterAt, digest hash.Hash) error {
	rows, width := []int{0}, product(c.shape)
	if c.rows != nil {
		rows, width = c.rows, product(c.shape[1:])
	}
	data := make([]byte, 0, width*c.size())
	for _, row := range rows {
		data = data[:0]
		for i := range width {
			v := c.at(row*width + i)
			if v.whole {
				data = binary.LittleEndian.AppendUint64(data, uint64(v.int))
				continue
			}
			data = appendFloat(data, c.dtype, v.float)
		}
		_, _ = digest.Write(data) // a hash returns no error
		if _, err := to.WriteAt(data, int64(row*width*c.size())); err != nil {
			return err
		}
	}
	return nil
}
