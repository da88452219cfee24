// Package clip turns prompts into what a CLIP text encoder reads and its answers into what a UNet is conditioned on:
// CLIP's byte-pair tokenizer, and the weighing of hidden states.
package clip
