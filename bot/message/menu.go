package message

// Menu is a select menu under a message, in a row of its own. One of its choices can be picked, at most 25.
type Menu struct {
	ID          string // custom_id
	Placeholder string // what it says while nothing is chosen, at most 150 characters
	Choices     []FormChoice
}

// maxPlaceholder is Discord's limit on a placeholder, in characters.
const maxPlaceholder = 150

// menusJSON are the rows of select menus.
func menusJSON(menus []Menu) (rows []componentJSON) {
	for _, m := range menus {
		rows = append(rows, componentJSON{Type: typeRow, Components: []componentJSON{{
			Type: typeSelect, CustomID: m.ID, Placeholder: Shorten(m.Placeholder, maxPlaceholder),
			Options: shortChoices(m.Choices[:min(len(m.Choices), maxChoices)]),
		}}})
	}
	return rows
}
