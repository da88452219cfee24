package onnxtest

import (
	"encoding/json"
	"os"
	"path/filepath"

	"darkroom/render/onnx/graph"
)

// The sizes of the networks of a Folder.
const (
	Length         = 77 // tokens
	Width          = 4  // numbers per token
	VocabularySize = 10 // token ids are 0 to 9
)

// Folder is a model folder to write: Stable Diffusion's layout with networks that compute
//
//	text_encoder  hidden[b,i,j] = id[b,i] + j/8
//	unet          out = sample + timestep + mean(hidden of the same item)
//	vae_decoder   pixels[b,c,y,x] = latent[b,c,y/8,x/8], channels 0 to 2
//	vae_encoder   mean[b,c,y,x] = average of the 8×8 pixels of channel c; of channel 2 again for c = 3
//
// The zero Folder is a present-day export: float32, int64 ids, a scalar float32 timestep, free sizes.
type Folder struct {
	Float           graph.Type  // of all floats; Float or Float16
	IDs             graph.Type  // Int32 or Int64
	Timestep        graph.Value // type and shape
	Batch           int         // fixed; 0 for any
	SampledLatents  bool        // the encoder draws a "latent_sample" of 4 channels, and gives no "latent_parameters" of 8
	WeightsAsInputs bool        // weights are listed as inputs, as old exports do
	NoEncoder       bool        // no vae_encoder
	Channels        int         // of the UNet's input; 0 for 4, -1 for any
	Side            int         // of the UNet's latents, fixed; 0 for any
	Endless         bool        // a run of the UNet does not end
	Huge            bool        // a run of the UNet wants more memory than there are addresses
	External        bool        // the text encoder's weights are in a file beside it
	Class           string      // of the pipeline; empty for StableDiffusionPipeline
}

// Write writes the folder into dir.
func (f Folder) Write(dir string) error {
	f.setDefaults()
	files := map[string][]byte{
		"model_index.json":       object("_class_name", f.Class),
		"tokenizer/vocab.json":   []byte(`{"a":0}`),
		"tokenizer/merges.txt":   []byte("#version: 0.2\n"),
		"unet/model.onnx":        f.unet().Encode(),
		"vae_decoder/model.onnx": f.decoder().Encode(),
		"scheduler/scheduler_config.json": object("_class_name", "DDIMScheduler", "beta_start", 0.00085, "beta_end", 0.012,
			"beta_schedule", "scaled_linear", "num_train_timesteps", 1000),
	}
	text := f.text()
	files["text_encoder/model.onnx"] = text.Encode()
	if f.External {
		files["text_encoder/weights.pb"] = append(make([]byte, text.Weights[0].Offset), text.Weights[0].Raw()...)
	}
	if !f.NoEncoder {
		files["vae_encoder/model.onnx"] = f.encoder().Encode()
	}
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (f *Folder) setDefaults() {
	if f.Float == 0 {
		f.Float = graph.Float
	}
	if f.IDs == 0 {
		f.IDs = graph.Int64
	}
	if f.Timestep.Type == 0 {
		f.Timestep.Type = graph.Float
	}
	if f.Channels == 0 {
		f.Channels = 4
	}
	f.Channels = max(f.Channels, 0)
	if f.Class == "" {
		f.Class = "StableDiffusionPipeline"
	}
}

func object(pairs ...any) []byte {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

// cast makes a node that casts to the folder's float type.
func (f Folder) cast(from, to string) Node {
	return Node{Op: "Cast", In: []string{from}, Out: []string{to}, Ints: map[string]int64{"to": int64(f.Float)}}
}

func node(op, out string, in ...string) Node { return Node{Op: op, In: in, Out: []string{out}} }

func (f Folder) text() Model {
	table := Weight{Name: "table", Type: graph.Float, Dims: []int{VocabularySize, Width}}
	for id := range VocabularySize {
		for j := range Width {
			table.Values = append(table.Values, float64(id)+float64(j)/8)
		}
	}
	if f.External {
		table.File, table.Offset = "weights.pb", 64
	}
	return Model{
		Weights: []Weight{table},
		Nodes: []Node{
			node("Gather", "rows", "table", "input_ids"), f.cast("rows", "last_hidden_state"),
			node("Identity", "pooler_output", "rows"),
		},
		Inputs: []graph.Value{{Name: "input_ids", Type: f.IDs, Dims: []int{f.Batch, Length}}},
		Outputs: []graph.Value{{Name: "last_hidden_state", Type: f.Float, Dims: []int{f.Batch, Length, Width}},
			{Name: "pooler_output", Type: graph.Float, Dims: []int{f.Batch, Length, Width}}},
		WeightsAsInputs: f.WeightsAsInputs,
	}
}

func (f Folder) unet() Model {
	mean := Node{
		Op: "ReduceMean", In: []string{"encoder_hidden_states"}, Out: []string{"mean"},
		Lists: map[string][]int64{"axes": {1, 2}},
	}
	first := "sample"
	m := Model{
		Weights: []Weight{{Name: "last", Type: graph.Int64, Dims: []int{1}, Values: []float64{3}}},
		Inputs: []graph.Value{
			{Name: "sample", Type: f.Float, Dims: []int{f.Batch, f.Channels, f.Side, f.Side}},
			{Name: "timestep", Type: f.Timestep.Type, Dims: f.Timestep.Dims},
			{Name: "encoder_hidden_states", Type: f.Float, Dims: []int{f.Batch, 0, Width}},
		},
		Outputs:         []graph.Value{{Name: "out_sample", Type: f.Float, Dims: []int{f.Batch, 4, f.Side, f.Side}}},
		WeightsAsInputs: f.WeightsAsInputs,
	}
	if f.Endless {
		m.Weights = append(m.Weights, Weight{Name: "trips", Type: graph.Int64, Values: []float64{1 << 40}})
		m.Nodes = append(
			m.Nodes, Node{Op: "Loop", In: []string{"trips", "", "sample"}, Out: []string{"looped"}, Body: f.loopBody()},
		)
		first = "looped"
	}
	if f.Huge {
		m.Weights = append(m.Weights, Weight{Name: "size", Type: graph.Int64, Dims: []int{1}, Values: []float64{1 << 48}},
			Weight{Name: "one", Type: graph.Int64, Dims: []int{1}, Values: []float64{1}})
		m.Nodes = append(
			m.Nodes,
			f.cast("timestep", "now"),
			node("Reshape", "listed", "now", "one"),
			node("Expand", "huge", "listed", "size"),
			Node{Op: "ReduceMax", In: []string{"huge"}, Out: []string{"largest"}, Ints: map[string]int64{"keepdims": 0}},
			node("Add", "enlarged", "sample", "largest"),
		)
		first = "enlarged"
	}
	m.Nodes = append(m.Nodes, f.cast("timestep", "t"), mean, node("Unsqueeze", "mean4", "mean", "last"),
		node("Add", "timed", first, "t"), node("Add", "out_sample", "timed", "mean4"))
	return m
}

// loopBody is the body of a loop that changes nothing.
func (f Folder) loopBody() *Model {
	return &Model{
		Nodes: []Node{node("Identity", "on", "going"), node("Neg", "minus", "x"), node("Neg", "same", "minus")},
		Inputs: []graph.Value{{Name: "i", Type: graph.Int64}, {Name: "going", Type: 9 /* bool */},
			{Name: "x", Type: f.Float, Dims: []int{0, 0, 0, 0}}},
		Outputs: []graph.Value{{Name: "on", Type: 9}, {Name: "same", Type: f.Float, Dims: []int{0, 0, 0, 0}}},
	}
}

func (f Folder) decoder() Model {
	return Model{
		Weights: []Weight{
			{Name: "three", Type: graph.Int64, Dims: []int{3}, Values: []float64{0, 1, 2}},
			{Name: "scales", Type: graph.Float, Dims: []int{4}, Values: []float64{1, 1, 8, 8}},
		},
		Nodes: []Node{
			{Op: "Gather", In: []string{"latent_sample", "three"}, Out: []string{"rgb"}, Ints: map[string]int64{"axis": 1}},
			{
				Op:  "Resize",
				In:  []string{"rgb", "", "scales"},
				Out: []string{"sample"},
				Texts: map[string]string{"mode": "nearest",
					"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
			},
		},
		Inputs:          []graph.Value{{Name: "latent_sample", Type: f.Float, Dims: []int{f.Batch, 4, 0, 0}}},
		Outputs:         []graph.Value{{Name: "sample", Type: f.Float, Dims: []int{f.Batch, 3, 0, 0}}},
		WeightsAsInputs: f.WeightsAsInputs,
	}
}

func (f Folder) encoder() Model {
	name, of, channels := "latent_parameters", "latent_parameters", []float64{0, 1, 2, 2, 0, 0, 0, 0}
	var drawn []Node
	if f.SampledLatents {
		name, of, channels = "latent_sample", "mean", channels[:4]
		drawn = []Node{node("RandomNormalLike", "noise", "mean"), node("Add", name, "mean", "noise")}
	}
	eight := []int64{8, 8}
	return Model{
		Weights: []Weight{{Name: "channels", Type: graph.Int64, Dims: []int{len(channels)}, Values: channels}},
		Nodes: append([]Node{
			{
				Op: "AveragePool", In: []string{"sample"}, Out: []string{"small"},
				Lists: map[string][]int64{"kernel_shape": eight, "strides": eight},
			},
			{Op: "Gather", In: []string{"small", "channels"}, Out: []string{of}, Ints: map[string]int64{"axis": 1}},
		}, drawn...),
		Inputs:          []graph.Value{{Name: "sample", Type: f.Float, Dims: []int{f.Batch, 3, 0, 0}}},
		Outputs:         []graph.Value{{Name: name, Type: f.Float, Dims: []int{f.Batch, len(channels), 0, 0}}},
		WeightsAsInputs: f.WeightsAsInputs,
	}
}
