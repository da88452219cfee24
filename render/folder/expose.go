package folder

import (
	"path/filepath"

	"darkroom/render/mapped"
	"darkroom/render/onnx/graph"
)

// Weighted is a network whose weights are inputs.
type Weighted struct {
	graph.Exposed
	ExtraRows graph.Value             // see graph.Written
	Files     map[string]*mapped.File // with the weights, by ExposedWeight.File
	Widened   bool                    // what is float16 in the file is float32 here
}

// Expose makes the network's weights inputs, and gives its linear layers side branches. The networks of ONNX files
// compute in float32 where wide says so and that is possible; written ones as o says.
func (n Network) Expose(wide bool, o graph.WriteOptions) (Weighted, error) {
	if n.Written != nil {
		w, err := n.Written.Write(o)
		if err == nil {
			w.Model, err = n.edit(w.Model)
		}
		return Weighted{Exposed: w.Exposed, ExtraRows: w.ExtraRows, Files: n.Written.Files}, err
	}
	file, err := graph.ReadSkeleton(n.Path)
	if err != nil {
		return Weighted{}, err
	}
	model, err := n.edit(file.Model)
	if err != nil {
		return Weighted{}, err
	}
	out := Weighted{Files: map[string]*mapped.File{}}
	if wide {
		if widened, err := graph.Widen(model); err == nil {
			model, out.Widened = widened, true
		}
	}
	if model, err = graph.FuseAttention(model); err != nil {
		return Weighted{}, err
	}
	if out.Exposed, err = graph.ExposeWeights(model, o.Hypernets...); err != nil {
		return Weighted{}, err
	}
	for _, w := range out.Weights {
		if w.File == "" || out.Files[w.File] != nil {
			continue
		}
		if out.Files[w.File], err = mapped.Open(filepath.Join(file.Dir, w.File)); err != nil {
			return Weighted{}, err
		}
	}
	return out, nil
}

func (n Network) edit(model []byte) (_ []byte, err error) {
	for _, edit := range n.Edits {
		if model, err = edit(model); err != nil {
			return nil, err
		}
	}
	return model, nil
}
