package install

import (
	_ "embed"
	"encoding/json"
)

// cudaPins are the runtimes for NVIDIA's cards: for each package the archive, and what is taken out of it.
//
// cuda12 is for cards from Pascal (GTX 10xx) to Hopper; Blackwell (RTX 50xx) runs it by translating PTX. cuda13 is for
// cards from Turing (RTX 20xx) on, with code of their own for Ada and Blackwell.
//
// The libraries of NVIDIA are those that PyTorch names for the same CUDA (2.9 for 12.8, 2.10 for 13.0), so each set is
// one that many people run. Left out of the packages: headers, the libraries that nothing here opens (nvblas, cuFFTW,
// the second build of NVRTC), TensorRT's provider and the Python modules. The licence of CUDA is the same text in all
// of NVIDIA's wheels, but for cuDNN's, and is taken out of one.
//
//go:embed cuda.json
var cudaPins []byte

// cuda lists them.
func cuda() []Runtime {
	var all []Runtime
	if err := json.Unmarshal(cudaPins, &all); err != nil {
		panic("internal error: cuda.json: " + err.Error())
	}
	return all
}
