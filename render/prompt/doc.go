// Package prompt reads and writes the notations people use for prompts: AUTOMATIC1111's emphasis, prompt
// editing and AND, the flags that end a prompt, and add-on tags. It knows no model; Chunks passes token ids through.
//
// A prompt is read in this order:
//
//	text, flags, unknown := prompt.Flags(typed) // "a cat --ar 3:2" → "a cat"
//	text, addons := prompt.Addons(text)         // "(cat:1.2) <lora:ink:0.8>" → "(cat:1.2) ", lora ink
//	terms := prompt.Compose(text)               // "a cat AND a dog :0.8" → a cat, a dog ×0.8
//	stages := prompt.Stages(term.Text, calls)   // "a [cat:dog:0.5]" → a cat for half of the calls, then a dog
//	parts := prompt.Parse(stage.Text)           // "a (cat:1.2)" → a, cat ×1.2
//	chunks := prompt.Chunks(parts, frame, tokenizer.Encode)
//
// The bot reads the flags, the renderer does the rest: a Spec holds the text in between.
package prompt
