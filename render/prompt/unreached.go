package prompt

// Unreached returns the edits of a prompt, as they were typed, whose new text comes after the last of these steps with
// every sampler: also with those that call the model twice a step, which count a whole number in calls.
func (r Reading) Unreached(text string, steps int) []string {
	calls := Calls{Count: 2 * steps}
	reader := &scheduleReader{text: text, calls: calls, memo: map[int]parsed{}, editNumber: r.editNumber()}
	if _, ok := reader.parseAll(); !ok {
		return nil
	}
	var late []string
	for at := range len(text) {
		p := reader.memo[at]
		if p.end > 0 && p.node.kind == edit && p.node.when >= calls.Count && len(p.node.options[1]) > 0 {
			late = append(late, text[at:p.end])
		}
	}
	return late
}
