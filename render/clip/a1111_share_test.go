package clip

import (
	"os"
	"testing"
)

// TestShareKeepsOneVocabulary looks inside, since nothing outside shows it.
func TestShareKeepsOneVocabulary(t *testing.T) {
	t.Parallel()
	var both [2]*Tokenizer
	for i := range both {
		var err error
		if both[i], err = OpenTokenizer(os.DirFS("../demo/postcards/tokenizer")); err != nil {
			t.Fatal(err)
		}
	}
	if both[1].Share(both[0]); both[0].vocabulary != both[1].vocabulary ||
		both[1].ForA1111().vocabulary != both[0].vocabulary {
		t.Error("got two vocabularies, want one")
	}
}
