package golden_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"darkroom/render/golden/goldentest"
	"darkroom/render/picture"
	"darkroom/render/tensor"
)

// What all runs of the recipe share (recipe/reference.py, webui.py).
const (
	prompt   = "a red boat on a blue sea"
	weighted = "a (red:1.3) boat on a [blue] sea" // of the a1111 dialect
	negative = "clouds, rain"
	seed     = 1234
	side     = 64
)

// numberRange is where numbers of a record are.
type numberRange struct {
	At    int
	Shape []int
	Scale float64 // of the whole numbers: what 32767 stands for
}

// recordedRun is one image of the reference.
type recordedRun struct {
	Sampler  string
	Steps    int
	Guidance float64
	Refused  string      // the reference's error, where it has no image
	Latents  numberRange // finished
	Pixels   []int       // some of the image's values: see pixelsOff
	Calls    *struct {
		Times  []float64   // the timestep of each UNet call
		Inputs numberRange // and its latents, of the first image in the batch
	}

	index int // in its file
}

func (w recordedRun) String() string {
	return fmt.Sprintf("%s/%d_steps/guidance_%v", w.Sampler, w.Steps, w.Guidance)
}

// records are the runs of one model in one dialect.
type records struct {
	model   string
	dialect picture.Dialect
	runs    []recordedRun
	numbers []int16
	float16 bool // computed in float16 throughout, as on a graphics card: see onnx.Device
}

func (r records) String() string {
	if r.float16 {
		return r.model + "/narrow/" + string(r.dialect)
	}
	return r.model + "/" + string(r.dialect)
}

// tensor returns what was recorded at a place.
func (r records) tensor(p numberRange) tensor.Tensor { return unpack(r.numbers, p) }

func unpack(numbers []int16, p numberRange) tensor.Tensor {
	out := tensor.New(p.Shape...)
	for i := range out.Data {
		out.Data[i] = float32(float64(numbers[p.At+i]) / 32767 * p.Scale)
	}
	return out
}

// loadRecords reads a file of records and its numbers.
func loadRecords(t testing.TB, name string, into any) (numbers []int16) {
	t.Helper()
	facts, err := goldentest.Unzip(filepath.Join("testdata", "records", name+".json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(facts, into); err != nil {
		t.Fatal(err)
	}
	packed, err := goldentest.Unzip(filepath.Join("testdata", "records", name+".bin.gz"))
	if err != nil {
		t.Fatal(err)
	}
	numbers = make([]int16, len(packed)/2) // all low bytes lie before all high ones
	for i := range numbers {
		numbers[i] = int16(packed[i]) | int16(packed[len(numbers)+i])<<8
	}
	return numbers
}

// allRecords reads all recorded runs, sorted by model and dialect.
func allRecords(t testing.TB) []records {
	t.Helper()
	var all []records
	for _, dialect := range []picture.Dialect{picture.Diffusers, picture.A1111} {
		files, err := filepath.Glob(filepath.Join("testdata", "records", "*."+string(dialect)+".json.gz"))
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(files)
		for _, file := range files {
			name := filepath.Base(file)
			r := records{model: name[:len(name)-len("."+dialect+".json.gz")], dialect: dialect}
			r.numbers = loadRecords(t, name[:len(name)-len(".json.gz")], &r.runs)
			for i := range r.runs {
				r.runs[i].index = i
			}
			all = append(all, r)
		}
	}
	return all
}
