// Package render is the line from a picture.Spec to pictures:
//
//	condition    prompt and negative prompt become hidden states       (render/prompt, render/clip)
//	start        seeds become noise, a start picture becomes a latent  (render/noise)
//	walk         the sampler goes from noise to latent, step by step   (render/sampler)
//	enlarge      perhaps a second, larger walk                         ("hires")
//	decode       latents become pixels
//
// The networks come in through small interfaces, so everything here runs, and is tested, without a runtime. The same
// Spec gives the same bytes as long as the networks do.
package render
