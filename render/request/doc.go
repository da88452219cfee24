// Package request turns what somebody wants into a picture.Spec, or says why not. It is the one place where defaults
// are resolved, for /imagine, remix, presets and `darkroom draw` alike: the same words and settings give the same
// Spec.
//
// A person types a Wanted: a prompt, whose end may hold flags such as --ar 3:2, and settings. Expand makes the
// choices that a prompt leaves open, such as {red|blue}, and returns one Wanted for each prompt that comes of it. A
// Card says what the model is and can do. These functions lead from there to a Resolved, or to a Refusal that the
// person can act on:
//
//   - Resolve: a new image. What was not asked for is the card's default, or the program's.
//   - Remix: the words are new. What was not asked for is as it was in an earlier Spec.
//   - Repaint: an earlier Spec that was changed in some field, by a button.
//   - Outpaint: an earlier image becomes a part of a larger one.
//
// Add-ons are named in the prompt, as in A1111: <lora:ink:0.8>, or an embedding by its name alone. Those that options
// name become tags of the prompt. They are found among the available ones and stand in the Spec with their hashes.
//
// What decides a setting, the strongest first:
//
//  1. an option of /imagine
//  2. a flag in the prompt
//  3. the preset (style) that the request names
//  4. what the person prefers (/prefer)
//  5. a flag in the person's suffix; only --no is added to that of the prompt
//  6. what the server prefers (/settings)
//  7. the model's card
//  8. the program's own default
//
// What the model cannot do exactly is changed to the nearest that it can, and a note tells the person. Nothing is
// changed without a note. A preference that cannot be followed is left out with a note and never refuses a request.
//
// The package is pure: it has no clock, draws no random number (the caller gives a seed), reads no file (the caller
// gives the wildcards) and does not know who asks. A server's own limits are in bot/admit.
package request
