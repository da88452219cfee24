// Package similarity says how well an image and a text fit: a CLIP's two encoders turn both into vectors of one space,
// and the nearer two vectors point, the better they fit.
//
//	m, err := similarity.Open("models/clip-vit-large")   // checked; nothing is loaded
//	err = m.HashFiles(cache, nil)
//	e := similarity.Encoder{Model: m, Image: …, Text: …} // networks that are loaded
//	image, err := e.ImageVector(ctx, img)
//	text, err := e.TextVector(ctx, "a red boat")
//	cosine, err := similarity.Cosine(image, text)
//
// Vectors of different CLIPs have nothing to do with each other, so each carries the hash of its own, and Cosine
// compares no others. Vectors may be stored with it: they stay comparable as long as the same CLIP is there.
//
// A CLIP is read as people have it: ONNX files (onnxfiles.go), or safetensors in the names of transformers, of
// open_clip and of OpenAI (weights.go). Networks run through an interface, so the package imports no runtime.
package similarity
