package prompt_test

import (
	"fmt"
	"strings"
	"testing"

	"darkroom/render/picture"
	"darkroom/render/prompt"
)

// awkwardPieces is what the worst prompts are made of.
var awkwardPieces = []string{
	"(", "(a", "[a", ")", "]", "a:", ":", "BREAK ", `\`, "(a:1.1)", "(a:1", "[a:b:", "[a|", "[a:b:0.5]", "<a:",
	"<lora:a:1>", "AND ", "a AND ",
	"::", "a::2 ", "(::", "(:: )", "--a ", "--", "— ", "--ar 3:2 ", "{", "__", "é", "a, ", "embedding:", "embedding:a ",
}

// readers are all that read a prompt as it was typed.
var readers = map[string]func(string){
	"Parse":     func(s string) { prompt.Current.Parse(s) },
	"Fragments": func(s string) { prompt.Fragments(s) },
	"Flags":     func(s string) { prompt.Flags(s) },
	"Addons":    func(s string) { prompt.Addons(s) },
	"Compose":   func(s string) { prompt.Current.Compose(s) },
	"Stages":    func(s string) { prompt.Current.Stages(s, prompt.Calls{Count: 3}) },
	"Notation":  func(s string) { prompt.DetectNotation(s) },
	"Terms":     func(s string) { _, _ = prompt.Current.Terms(picture.NotationMidjourney, s) },
	"Embeddings": func(s string) {
		prompt.NewEmbeddingNames([]string{"a", "( a"}).Find(prompt.Current, s, picture.NotationA1111, true)
		prompt.PlainEmbeddings(s, []string{"a"})
		prompt.MarkedEmbeddings(s)
	},
	"Unknown": func(s string) { prompt.UnknownWords([]string{"a"}, s) },
}

// TestLongPrompts reads prompts far beyond any limit, of one awkward piece each: see TestWorkGrowsWithTheLength.
func TestLongPrompts(t *testing.T) {
	t.Parallel()
	for name, read := range readers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, piece := range awkwardPieces {
				text := strings.Repeat(piece, 30_000/len(piece))
				read(text)
				read(text + strings.Repeat(")]", 2000))
			}
		})
	}
}

// BenchmarkReaders measures what a character costs, in a short prompt and a long one.
func BenchmarkReaders(b *testing.B) {
	const typical = "a (red:1.2) boat, [sea:sky:0.5], hot:: AND b, "
	for name, read := range map[string]func(string){
		"Parse":  func(s string) { prompt.Current.Parse(s) },
		"Stages": func(s string) { prompt.Current.Stages(s, prompt.Calls{Count: 20}) },
		"Terms":  func(s string) { _, _ = prompt.Current.Terms(picture.NotationMidjourney, s) },
		"Flags":  func(s string) { prompt.Flags(s) },
	} {
		for _, n := range []int{1000, 16_000} {
			text := strings.Repeat(typical, n/len(typical))
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					read(text)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(text)), "ns/char")
			})
		}
	}
}
