// Package ncnn reads image networks in the two files of the ncnn library, NAME.param and NAME.bin, and writes them as
// ONNX. Upscalers of the Real-ESRGAN kind are published so in ordinary packages.
//
// The reader is strict. It knows the layers of such upscalers and no others, follows channels and sizes through the
// network, and uses every byte of the weights. A setting that it does not know is refused: left out, it could change
// the image. The same two files always give the same bytes of ONNX.
//
// The formats: https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure and
// https://github.com/Tencent/ncnn/blob/master/docs/developer-guide/operators.md.
package ncnn
