// Package family says what the kinds of diffusion models differ in, as plain values: one file for each family (an
// architecture), and one for each way in which models depart from theirs (distilled to few steps, made for inpainting).
//
// A new family is one file here, with its text encoders, its conditioning, its latents and its defaults, and its name
// in families(). What computes images asks these values and names no family. The package reads no file and knows no
// runtime: who has read a model folder hands in what it says, as Clues.
//
// Not all of a family is in its file. To support one that differs more than those here, look at these too:
//
//   - Unsupported in clues.go lists the families that are refused, by words in the pipeline's class.
//   - Package folder knows the inputs that a UNet may have besides latents, time and hidden states (ports.go), and
//     checks and explains SDXL's by name (validate.go).
//   - Package folder refuses latents that have a shift or a mean (vae.go), since Latents holds a scale only.
//   - Inpaint.Channels counts latents of four channels, whatever a family's Latents say.
package family
