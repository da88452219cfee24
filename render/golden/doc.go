// Package golden holds what the reference itself painted, and the tests that darkroom paints the same.
//
// The recipe beside it (Python, run by hand) builds tiny pipelines with diffusers, exports them with Optimum and
// records what they make of prompts. The tests compare, and write docs/fidelity.md.
package golden
