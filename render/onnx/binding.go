package onnx

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"darkroom/render/folder"
	"darkroom/render/mapped"
	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// binding is what one network feeds to its session in every run besides the inputs of a call: weights, and what add-ons
// change. It holds all that the network holds.
type binding struct {
	shared *sharedSession
	values []ort.Value       // the last inputs of each run, in this machine's memory
	files  []*mapped.Mapping // the memory of weights
	once   sync.Once

	resident *resident     // on a device: what the session is fed there; else nil
	memory   *deviceMemory // on a device
}

// release frees it. No run may be under way.
func (b *binding) release() (err error) {
	b.once.Do(func() {
		if b.resident != nil {
			err = b.resident.release()
		}
		for _, v := range b.values {
			err = errors.Join(err, v.Destroy())
		}
		err = errors.Join(err, b.closeFiles())
		if b.shared != nil {
			err = errors.Join(err, b.shared.release())
		}
		if b.memory != nil {
			err = errors.Join(err, b.memory.release())
		}
	})
	return err
}

func (b *binding) closeFiles() (err error) {
	for _, f := range b.files {
		err = errors.Join(err, f.Close())
	}
	b.files = nil
	return err
}

// check says whether the files are as they were: reading one that shrank would end the process.
func (b *binding) check() error {
	for _, f := range b.files {
		if err := f.Check(); err != nil {
			return err
		}
	}
	return nil
}

// bind makes the values of all weights, side branches, hypernetworks and extra rows, in the order of the session's
// inputs. Constants are the session's own. A change that fits nothing is an error.
func (b *binding) bind(w folder.Weighted, constants bool, changes tensor.Changes) error {
	mappings := map[string]*mapped.Mapping{}
	for name, f := range w.Files {
		m, err := f.Map()
		if err != nil {
			return err
		}
		b.files, mappings[name] = append(b.files, m), m
	}
	if err := checkNames(w, changes); err != nil {
		return err
	}
	if !constants {
		if err := b.bindWeights(w, mappings, changes); err != nil {
			return err
		}
	}
	if err := b.bindChanges(w, changes); err != nil || b.resident == nil {
		return err
	}
	return b.closeFiles() // a device has its copy
}

// bindChanges makes the values of what add-ons change.
func (b *binding) bindChanges(w folder.Weighted, changes tensor.Changes) error {
	for _, x := range w.Branches {
		if err := b.bindBranch(x, changes.Branches[x.Module]); err != nil {
			return err
		}
	}
	for _, x := range w.Hypernets {
		if err := b.bindFloats(x.Value, hypernetNumbers(x, changes.Hypernets[x.Net])); err != nil {
			return err
		}
	}
	if w.ExtraRows.Name == "" {
		return nil
	}
	rows := changes.ExtraRows
	if rows.Empty() {
		rows = tensor.New(1, w.ExtraRows.Dims[1]) // the table may not be empty
	}
	return b.bindFloats(w.ExtraRows, rows)
}

// checkNames checks that the network has everything that is changed.
func checkNames(w folder.Weighted, changes tensor.Changes) error {
	weights, branches := map[string]bool{}, map[string]bool{}
	for _, x := range w.Weights {
		weights[x.CanonicalName()] = true
	}
	for _, x := range w.Branches {
		branches[x.Module] = true
	}
	for name := range changes.Weights {
		if !weights[name] {
			return fmt.Errorf("no weight %s to change", name)
		}
	}
	for name := range changes.Branches {
		if !branches[name] {
			return fmt.Errorf("no linear layer %s to change", name)
		}
	}
	return nil
}

func (b *binding) bindWeights(w folder.Weighted, mappings map[string]*mapped.Mapping, changes tensor.Changes) error {
	for _, x := range w.Weights {
		data := x.Data
		if data == nil {
			if x.Offset+x.Length > w.Files[x.File].Size {
				return fmt.Errorf("weight %s: its file is cut short", x.Name)
			}
			data = mappings[x.File].Bytes(x.Offset, x.Length)
		}
		if err := b.bindWeight(x, w.Files[x.File], data, changes); err != nil {
			return err
		}
	}
	return nil
}

// bindWeight feeds a weight, or what replaces it. A table of embeddings without a fixed number of rows takes the extra
// rows. On a device, one that is as in the file is shared with other networks.
func (b *binding) bindWeight(x graph.ExposedWeight, f *mapped.File, data []byte, changes tensor.Changes) error {
	shape := slices.Clone(x.Dims)
	_, changed := changes.Weights[x.CanonicalName()]
	if b.resident != nil && f != nil && !changed && (len(shape) != 2 || shape[0] != 0) {
		return b.resident.addWeight(x, f, shape, data)
	}
	if own, ok := changes.Weights[x.CanonicalName()]; ok {
		if len(own) != len(data) {
			return fmt.Errorf("%s: a replacement of %d bytes, want %d", x.CanonicalName(), len(own), len(data))
		}
		if data = own; x.Transposed && len(shape) == 2 {
			data = transpose(own, shape[1], shape[0])
		}
	}
	if len(shape) == 2 && shape[0] == 0 {
		var err error
		if data, err = withRows(x, data, changes.ExtraRows); err != nil {
			return err
		}
		shape[0] = len(data) / elementSize(x.Stored) / shape[1]
	}
	return b.bindBytes(x.Value, x.Stored, shape, data)
}

// withRows appends extra rows to a table of embeddings.
func withRows(x graph.ExposedWeight, table []byte, rows tensor.Tensor) ([]byte, error) {
	switch {
	case elementSize(x.Stored) == 0:
		return nil, fmt.Errorf("%v: want floating-point numbers", x.Value)
	case rows.Empty():
		return table, nil
	case rows.Check() != nil || len(rows.Shape) != 2 || rows.Shape[1] != x.Dims[1]:
		return nil, fmt.Errorf("%v: extra rows of shape %v", x.Value, rows.Shape)
	}
	more, err := encode(x.Stored, rows.Data)
	return slices.Concat(table, more), err
}

// bindBytes feeds an input numbers of a type. On a device they are converted to the type of the input.
func (b *binding) bindBytes(port graph.Value, kind graph.Type, shape []int, data []byte) error {
	if b.resident != nil {
		return b.resident.addNumbers(port, kind, shape, data)
	}
	v, err := ort.NewCustomDataTensor(shapeOf(shape), data, ort.TensorElementDataType(kind))
	if err != nil {
		return fmt.Errorf("weight %s: %w", port.Name, err)
	}
	b.values = append(b.values, v)
	return nil
}

// bindBranch feeds the factors of a side branch, of rank 0 where nothing is changed.
func (b *binding) bindBranch(x graph.BranchInput, with tensor.Branch) error {
	in, out := x.Down.Dims[0], x.Up.Dims[1]
	rank := 0
	if !with.Down.Empty() {
		s, t := with.Down.Shape, with.Up.Shape
		bad := errors.Join(with.Down.Check(), with.Up.Check()) != nil || len(s) != 2 || len(t) != 2
		if bad || s[0] != in || t[1] != out || s[1] != t[0] {
			return fmt.Errorf("%s: factors %v and %v, want [%d,r] and [r,%d]", x.Module, s, t, in, out)
		}
		rank = s[1]
	}
	if b.resident != nil {
		return b.resident.addFactors(x, with, rank)
	}
	return errors.Join(
		b.bindFloats(x.Down, tensor.Tensor{Shape: []int{in, rank}, Data: with.Down.Data}),
		b.bindFloats(x.Up, tensor.Tensor{Shape: []int{rank, out}, Data: with.Up.Data}),
	)
}

// bindFloats feeds a tensor, which may have no values, in the type of its input.
func (b *binding) bindFloats(port graph.Value, t tensor.Tensor) error {
	if port.Type == graph.Float && b.resident == nil {
		v, err := ort.NewTensor(shapeOf(t.Shape), t.Data)
		if err != nil {
			return fmt.Errorf("%s: %w", port.Name, err)
		}
		b.values = append(b.values, v)
		return nil
	}
	data, err := encode(port.Type, t.Data)
	if err != nil {
		return fmt.Errorf("%s: %w", port.Name, err)
	}
	if len(data) == 0 && b.resident == nil {
		data = make([]byte, elementSize(port.Type)) // the binding refuses none
	}
	return b.bindBytes(port, port.Type, t.Shape, data)
}

// elementSize is the number of bytes of a floating-point number; 0 for another type.
func elementSize(kind graph.Type) int {
	switch kind {
	case graph.Double:
		return 8
	case graph.Float:
		return 4
	case graph.Float16, graph.BFloat16:
		return 2
	case graph.Float8E4M3, graph.Float8E5M2:
		return 1
	}
	return 0
}

// transpose turns a matrix of rows × columns numbers around.
func transpose(data []byte, rows, columns int) []byte {
	size := len(data) / (rows * columns)
	out := make([]byte, len(data))
	for i := range rows {
		for j := range columns {
			copy(out[(j*rows+i)*size:], data[(i*columns+j)*size:(i*columns+j+1)*size])
		}
	}
	return out
}
