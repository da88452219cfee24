// Package upscale makes images larger: by Lanczos's filter, or by a network that runs on overlapping tiles whose
// results are blended. The same tiles let a model work on a canvas that is larger than the sizes it was trained on.
package upscale
