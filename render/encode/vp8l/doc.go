// Package vp8l writes the lossless form of WebP: each pixel as the difference from what its neighbours foretell, in
// prefix codes, with runs. What it leaves out of the format are palettes, a cache of colours, cross-colour transforms
// and repetitions from further away: images of diffusion models gain little from them.
//
// Source: "WebP Lossless Bitstream Specification", https://developers.google.com/speed/webp/docs/webp_lossless_bitstream_specification
package vp8l
