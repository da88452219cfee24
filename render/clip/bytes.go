package clip

// byteAlphabet maps each byte to the character that stands for it in the vocabulary files: printable Latin-1 bytes are
// themselves, the 68 others become U+0100 and up in ascending order (GPT-2's byte-level alphabet).
func byteAlphabet() [256]rune {
	var out [256]rune
	next := rune(256)
	for b := range out {
		if b >= 33 && b <= 126 || b >= 161 && b <= 172 || b >= 174 {
			out[b] = rune(b)
			continue
		}
		out[b] = next
		next++
	}
	return out
}
