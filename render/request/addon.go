package request

// AddonCard says what is known of an add-on before it is used: a LoRA, an embedding, a hypernetwork, a VAE or an
// upscaler. A renderer announces it; the bot offers it.
type AddonCard struct {
	Kind     string   `json:"kind"`               // picture.LoRA or another of its kinds
	Name     string   `json:"name"`               // its file's name without extension: so prompts name it
	Alias    string   `json:"alias,omitempty"`    // what its training called it (ss_output_name), where that is another
	Hash     string   `json:"hash"`               // SHA-256 of the file
	Short    string   `json:"short,omitempty"`    // the 12 digits that A1111 writes into an image's parameters
	Families []string `json:"families,omitempty"` // names of the families whose shapes it fits; empty for any or unknown
	// TextWidths are the widths of the text of models that it fits, in numbers for each token; empty for any or unknown.
	TextWidths []int `json:"text_widths,omitempty"`

	Scale int     `json:"scale,omitempty"` // of an upscaler: how many times larger its images are
	Work  float64 `json:"work,omitempty"`  // of an upscaler: multiplications for each pixel of the image that it enlarges

	Triggers []string `json:"triggers,omitempty"` // words it was trained with, most used first
	Strength float64  `json:"strength,omitempty"` // that its owner prefers; 0 where nobody said
	NSFW     bool     `json:"nsfw,omitempty"`     // marked so by its neighbour .civitai.info or by the operator
}
