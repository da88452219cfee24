// Package clip turns prompts into the input of a CLIP text encoder, and its output into the conditioning of a UNet:
// CLIP's byte-pair tokenizer, and the weighting of hidden states.
package clip
