package prompt

import "strings"

// CutComments removes comments from a prompt: everything from a # to the end of its line, also within a word, as A1111
// does since 1.10 (modules/processing_scripts/comments.py). A # behind a backslash stays; A1111 cannot write one. What
// was cut is returned, one text for each line.
func CutComments(text string) (rest string, comments []string) {
	if !strings.Contains(text, "#") {
		return text, nil
	}
	var kept []string
	for line := range strings.SplitSeq(text, "\n") {
		at := commentAt(line)
		if at < 0 {
			kept = append(kept, line)
			continue
		}
		comments = append(comments, line[at:])
		if at > 0 {
			kept = append(kept, line[:at])
		}
	}
	return strings.Join(kept, "\n"), comments
}

// commentAt is the place of the first # that is not behind a backslash, or -1. A backslash behind another one is text.
func commentAt(line string) int {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '#':
			return i
		}
	}
	return -1
}
