package clip

import (
	"os"
	"testing"
)

// TestShareKeepsOneVocabulary looks inside, since nothing outside tells.
func TestShareKeepsOneVocabulary(t *testing.T) {
	t.Parallel()
	var both [2]*Tokenizer
	for i := range both {
		var err error
		if both[i], err = OpenTokenizer(os.DirFS("../demo/postcards/tokenizer")); err != nil {
			t.Fatal(err)
		}
	}
	if both[1].Share(both[0]); both[0].wordbook != both[1].wordbook || both[1].Literal().wordbook != both[0].wordbook {
		t.Error("got two vocabularies, want one")
	}
}
