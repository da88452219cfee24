package install

// Other is a build of ONNX Runtime, or a provider for it, that is known and not pulled.
type Other struct {
	Name string
	For  string // the hardware
	From string // where it is
	Why  string // why it is not pulled, and what can be done all the same
}

// Others lists them. Sizes are those of the packages, as their registries state them.
func Others() []Other {
	return []Other{
		{
			"webgpu", "AMD, Intel, Apple and NVIDIA, through Vulkan, Metal or Direct3D 12",
			"inside the npm package onnxruntime-node; Python package onnxruntime-webgpu, 25 MB",
			"its images differ from the CPU's so that one can see it, and it was tried on a software Vulkan alone. " +
				"To try it: go run ./cmd/ort --from npm, then --device webgpu",
		},
		{
			"openvino", "Intel's processors and GPUs", "Python package onnxruntime-openvino 1.24.1, 84 MB",
			"on a processor it is as fast as the CPU build (7.0 to 7.5 s a step against 7.1 to 7.6), " +
				"and it would want a copy of each checkpoint's weights",
		},
		{
			"migraphx", "AMD's GPUs on Linux", "Python package onnxruntime-migraphx 1.27.1, 21 MB",
			"it wants a whole ROCm 7.2 installed by hand beside it, which no package brings",
		},
		{
			"tensorrt", "NVIDIA's GPUs", "a provider in the CUDA packages; of TensorRT itself the registry has a stub alone",
			"it comes from an index of NVIDIA's own, and builds an engine for minutes, again for each LoRA",
		},
		{
			"tensorrt-rtx", "NVIDIA's GPUs from RTX 20xx on", "Python package onnxruntime-ep-nv-tensorrt-rtx-cu13 0.5.0, 146 MB",
			"it is a plug-in that wants ONNX Runtime 1.29 or newer, and those send usage reports",
		},
		{
			"directml", "any GPU on Windows", "Python package onnxruntime-directml 1.24.4, 25 MB",
			"darkroom runs on Linux and macOS",
		},
		{
			"coreml", "Apple's GPU and Neural Engine", "inside the libraries for macOS",
			"it would want a copy of each checkpoint's weights, and nobody has tried it",
		},
	}
}
