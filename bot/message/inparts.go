package message

import "cmp"

// Groups divides the files into those of one request each, in their order.
func (m Message) Groups() (groups [][]File) {
	most, bytes := cmp.Or(m.RequestBytes, MaxRequest), int64(0)
	for i, f := range m.Files {
		n := int64(len(f.Data))
		if i == 0 || bytes+n > most {
			groups, bytes = append(groups, nil), 0
		}
		last := len(groups) - 1
		groups[last], bytes = append(groups[last], f), bytes+n
	}
	return groups
}

// Part is the message with some of its files, and with others that are there already. One that is not the last looks
// unfinished.
func (m Message) Part(kept []Kept, files []File, last bool) Message {
	m.Kept, m.Files = kept, files
	if last {
		return m
	}
	m.Rows = m.Posting
	if m.Card != nil {
		card := *m.Card
		card.More = ""
		m.Card = &card
	}
	return m
}
