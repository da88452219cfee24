// Package vision prepares images for CLIP's image encoders: the pixels that a network reads, as transformers'
// CLIPImageProcessor and open_clip's image_transform make them.
//
//	p, err := vision.Read("feature_extractor/preprocessor_config.json", 224)
//	pixels, err := p.Pixels(img) // [1, 3, 224, 224]
//
// It runs no network.
package vision
