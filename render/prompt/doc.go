// Package prompt reads and writes the notations people use for prompts: AUTOMATIC1111's emphasis, the flags that end a
// prompt, and add-on tags. It knows no model; token ids pass through Chunks without being understood.
//
// A prompt is read in this order:
//
//	text, flags, unknown := prompt.Flags(typed) // "a cat --ar 3:2" → "a cat"
//	parts, addons := prompt.Read(text)          // "(cat:1.2) <lora:ink:0.8>" → [cat ×1.2], lora ink
//	chunks := prompt.Chunks(parts, frame, tokenizer.Encode)
//
// Flags belongs to the door (the bot), Read and Chunks to the renderer: a Spec holds the text between the two.
package prompt
