package inventory

const (
	pickle = "a pickle, which can run a program when it is opened, so it is not; get it as .safetensors"

	pickledUpscaler = pickle + " or .onnx, or convert it as docs/upscalers.md says"

	gguf = "a quantised network (GGUF), which is not opened yet; get the model as .safetensors"
)

// judge tells, by the extension, whether a file in a place of a kind can be used, and of those that people would expect
// to be, why not.
func judge(kind Kind, ext string) (usable bool, why string) {
	switch ext {
	case ".safetensors":
		return true, ""
	case ".gguf":
		return false, gguf
	case ".pt", ".bin":
		if kind == Embedding || kind == Hypernetwork { // they hold plain tensors, which are read without running anything
			return true, ""
		}
		if kind == Upscaler {
			return false, pickledUpscaler
		}
		return false, pickle
	case ".ckpt", ".pth":
		if kind == Upscaler {
			return false, pickledUpscaler
		}
		return false, pickle
	case ".onnx":
		if kind == Checkpoint {
			return false, "a single network; want a folder with all networks of a model"
		}
		return kind == Upscaler, ""
	case ".png":
		return kind == Embedding, ""
	}
	return false, ""
}
