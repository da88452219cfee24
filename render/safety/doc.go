// Package safety scores what images show, by a safety checker: how near each image is to every concept that the checker
// knows, and from where on the checker flags it. It decides nothing: whoever gets a Verdict does.
//
// Two kinds of checker are opened: Stable Diffusion's in diffusers' layout, a CLIP vision tower beside the embeddings of
// concepts (concepts.go), and Yahoo's open_nsfw, a classifier (opennsfw.go). Networks run through an interface, so the
// package imports no runtime.
package safety

// Verdict is what a checker says of one image.
type Verdict struct {
	Scores  []Score `json:"scores"`
	Flagged bool    `json:"flagged"` // the checker's own decision
}

// Score is how near an image is to one concept.
type Score struct {
	Concept string `json:"concept"`
	// Value is a cosine, from -1 to 1, for Stable Diffusion's checker, and a probability for open_nsfw.
	Value float32 `json:"value"`
	// Threshold is what the checker compares the value with. Stable Diffusion's lowers it for images that are near to a
	// concept of special care.
	Threshold float32 `json:"threshold"`
}
