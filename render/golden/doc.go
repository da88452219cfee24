// Package golden holds images of the reference implementations, and the tests that darkroom generates the same.
//
// The recipe beside it (Python, run by hand) builds tiny pipelines with diffusers, exports them with Optimum and
// records their results. The tests compare with these, and write docs/fidelity.md.
package golden
