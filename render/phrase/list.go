package phrase

// Or lists what a person can choose from: a, b or c.
func Or[T any](items []T) Phrase {
	return list(items, func(first, last any) Phrase { return Of("%s or %s", first, last) })
}

// And lists what belongs together: a, b and c.
func And[T any](items []T) Phrase {
	return list(items, func(first, last any) Phrase { return Of("%s and %s", first, last) })
}

// list joins items with commas, and the last one as join does.
func list[T any](items []T, join func(first, last any) Phrase) Phrase {
	if len(items) == 0 {
		return Phrase{}
	}
	all := Of("%s", items[0])
	for i, item := range items[1:] {
		if i == len(items)-2 {
			return join(all, item)
		}
		all = Of("%s, %s", all, item)
	}
	return all
}
