package request

// harmlessPrompts are the examples of a model whose card has none. Any model of photographs or paintings renders them.
func harmlessPrompts() []string {
	return []string{
		"a lighthouse on a cliff at sunset",
		"a red fox in the snow, photograph",
		"a bowl of lemons on a blue table, oil painting",
		"a small wooden cabin by a mountain lake, morning fog",
	}
}

// ExamplePrompts are prompts that the model renders well: those on its card, or a few that suit most models. A model
// that knows only some words has none but its own.
func (c Card) ExamplePrompts() []string {
	if len(c.Examples) > 0 || len(c.Words) > 0 {
		return c.Examples
	}
	return harmlessPrompts()
}
