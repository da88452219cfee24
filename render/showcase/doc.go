// Package showcase makes and keeps small images of what a model can render, so that people see it before they ask.
//
// A renderer without a job makes them, one at a time: of the examples on the model's card, or of a few harmless ones
// (see request.Card.ExamplePrompts). A Shelf keeps them in a folder, by the hash of the model, so they are made once
// and not again after a restart. Maker makes the next one of a model that is loaded; it gives up as soon as its context
// ends, for a person's job goes first.
package showcase
