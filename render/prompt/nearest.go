package prompt

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// minNearby is the length from which a word has near ones, in characters: short words differ in a letter and mean
// something else.
const minNearby = 3

// NearestWords returns the words that are most like an unknown one, the most alike first: those that begin as it does
// and those that differ in a few letters. There may be none.
func NearestWords(words []string, unknown string, most int) []string {
	type candidate struct {
		word     string
		distance int
	}
	var near []candidate
	unknown = strings.ToLower(unknown)
	for _, w := range words {
		if d, ok := nearby(strings.ToLower(w), unknown); ok {
			near = append(near, candidate{w, d})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var all []string
	for _, c := range near[:min(most, len(near))] {
		all = append(all, c.word)
	}
	return all
}

// nearby tells whether two words are alike, and how far they are apart. One that begins with the other counts as one
// change, whatever follows.
func nearby(a, b string) (distance int, ok bool) {
	short := min(utf8.RuneCountInString(a), utf8.RuneCountInString(b))
	if short < minNearby {
		return 0, false
	}
	d := editDistance([]rune(a), []rune(b))
	if strings.HasPrefix(a, b) || strings.HasPrefix(b, a) {
		return min(d, 1), true
	}
	return d, d <= (short-1)/3
}

// editDistance is how many letters must be added, removed, replaced or swapped with their neighbour to make b of a: the
// optimal string alignment distance (Damerau 1964).
func editDistance(a, b []rune) int {
	older, old, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		older, old, row = old, row, older
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(old[j]+1, row[j-1]+1, old[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
