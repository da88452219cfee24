// Package prompt reads and writes the notations people use for prompts: AUTOMATIC1111's emphasis, prompt
// editing and AND, Midjourney's weights behind ::, the flags that end a prompt, and add-on tags. It knows no model;
// Chunks passes token ids through.
//
// A prompt is read in this order:
//
//	text, flags, unknown := prompt.Flags(typed)   // "a cat --ar 3:2" → "a cat"
//	notation := prompt.DetectNotation(text)       // "hot:: dog" → Midjourney's; nearly all others → A1111's
//	text, addons := prompt.Addons(text)           // "(cat:1.2) <lora:ink:0.8>" → "(cat:1.2) ", lora ink
//	terms, err := prompt.Terms(notation, text)    // "a cat AND a dog :0.8" → a cat, a dog ×0.8
//	stages := prompt.Stages(term.Text, calls)     // "a [cat:dog:0.5]" → a cat for half of the calls, then a dog
//	parts := prompt.Parse(stage.Text)             // "a (cat:1.2)" → a, cat ×1.2
//	chunks := prompt.Chunks(parts, format, tokenizer.Encode)
//
// The bot reads the flags and detects the notation, unless the person chose one. A Spec holds the notation and the text
// without flags. The renderer does the rest.
//
// Each notation has its file: attention.go (word:1.2) and break.go BREAK; schedule.go and schedule_read.go
// [from:to:0.5]; terms.go AND; midjourney.go :: and the detection; flags.go --ar 3:2; addon.go and addonuse.go
// <lora:ink:0.8>; embedding.go the names of embeddings.
package prompt
