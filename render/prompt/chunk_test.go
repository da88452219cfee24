package prompt_test

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"darkroom/render/picture"
	"darkroom/render/prompt"
)

var frame = prompt.ChunkFormat{BOS: 1000, EOS: 1001, Pad: 1002, Comma: 0, Length: 77}

// numbers is a tokenizer whose words are their own ids and whose comma is 0.
func numbers(text string) []int32 {
	var ids []int32
	for w := range strings.FieldsSeq(strings.ReplaceAll(text, ",", " 0 ")) {
		n, err := strconv.Atoi(w)
		if err != nil {
			panic(err)
		}
		ids = append(ids, int32(n))
	}
	return ids
}

// numberWords writes the numbers from..to as words.
func numberWords(from, to int) string {
	var words []string
	for i := from; i <= to; i++ {
		words = append(words, strconv.Itoa(i))
	}
	return strings.Join(words, " ")
}

func chunksOf(text string) []prompt.Chunk {
	return prompt.Chunks(prompt.Current.Parse(text), frame, numbers)
}

// tokensOf returns the tokens of each chunk between BOS and the first EOS.
func tokensOf(t *testing.T, chunks []prompt.Chunk) [][]int32 {
	t.Helper()
	var out [][]int32
	for i, c := range chunks {
		if len(c.IDs) != 77 || len(c.Weights) != 77 || c.IDs[0] != frame.BOS {
			t.Fatalf("chunk %d is not framed: %v", i, c)
		}
		n := 1
		for c.IDs[n] != frame.EOS {
			n++
		}
		for _, id := range c.IDs[n+1:] {
			if id != frame.Pad {
				t.Fatalf("chunk %d: %d after its end, want only filler", i, id)
			}
		}
		out = append(out, c.IDs[1:n])
	}
	return out
}

func TestChunks(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want []string // tokens of each chunk
	}{
		"nothing is one empty chunk": {"", []string{""}},
		"75 tokens fit":              {numberWords(1, 75), []string{numberWords(1, 75)}},
		"76 make two":                {numberWords(1, 76), []string{numberWords(1, 75), "76"}},
		"what follows a near comma moves on": {
			numberWords(1, 60) + "," + numberWords(61, 80), []string{numberWords(1, 60) + " 0", numberWords(61, 80)},
		},
		"a comma 21 tokens back is too far": {
			numberWords(1, 54) + "," + numberWords(55, 80),
			[]string{numberWords(1, 54) + " 0 " + numberWords(55, 74), numberWords(75, 80)},
		},
		"a comma 20 tokens back is near": {
			numberWords(1, 55) + "," + numberWords(56, 80), []string{numberWords(1, 55) + " 0", numberWords(56, 80)},
		},
		"a comma that does not fit starts the next": {
			numberWords(1, 75) + "," + numberWords(76, 77), []string{numberWords(1, 75), "0 " + numberWords(76, 77)},
		},
		"a break fills up its chunk":                 {"1 2 BREAK 3", []string{"1 2", "3"}},
		"a break at the start leaves an empty chunk": {"BREAK 1", []string{"", "1"}},
		"a break at the end adds none":               {"1 BREAK", []string{"1"}},
		"two breaks leave an empty chunk between":    {"1 BREAK BREAK 2", []string{"1", "", "2"}},
		"commas of an earlier chunk do not count": {
			numberWords(1, 70) + "," + numberWords(71, 150),
			[]string{numberWords(1, 70) + " 0", numberWords(71, 145), numberWords(146, 150)},
		},
		"a comma before a break does not reach past it": {
			"1, BREAK " + numberWords(2, 80), []string{"1 0", numberWords(2, 76), numberWords(77, 80)},
		},
		"the last comma counts when there are several": {
			numberWords(1, 60) + "," + numberWords(61, 70) + "," + numberWords(71, 80),
			[]string{numberWords(1, 60) + " 0 " + numberWords(61, 70) + " 0", numberWords(71, 80)},
		},
		"a comma as the 75th token keeps its own chunk": {
			numberWords(1, 74) + "," + numberWords(75, 76), []string{numberWords(1, 74) + " 0", numberWords(75, 76)},
		},
		"a comma as the 75th token followed by another": {
			numberWords(1, 74) + ",," + numberWords(75, 76), []string{numberWords(1, 74) + " 0", "0 " + numberWords(75, 76)},
		},
		"many chunks keep every token in order": {
			numberWords(1, 300),
			[]string{numberWords(1, 75), numberWords(76, 150), numberWords(151, 225), numberWords(226, 300)},
		},
		"weighted brackets do not change where it is cut": {
			"(" + numberWords(1, 76) + ":1.3)", []string{numberWords(1, 75), "76"},
		},
		"an unbalanced bracket does not change it either":  {"((" + numberWords(1, 76), []string{numberWords(1, 75), "76"}},
		"an empty stretch between brackets adds no tokens": {"1 () 2", []string{"1 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := tokensOf(t, chunksOf(tt.text))
			var want [][]int32
			for _, w := range tt.want {
				want = append(want, numbers(w))
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

func TestChunksWeights(t *testing.T) {
	t.Parallel()
	text := numberWords(1, 60) + ", (" + numberWords(61, 80) + ":1.5) [81]"
	got := chunksOf(text)
	for i, c := range got {
		for j, id := range c.IDs {
			want := float32(1)
			switch {
			case id >= 61 && id <= 80:
				want = 1.5
			case id == 81:
				want = 1 / 1.1
			}
			if c.Weights[j] != want {
				t.Errorf("chunk %d, token %d: got weight %v, want %v", i, id, c.Weights[j], want)
			}
		}
	}
	if got[0].Weighted() || !got[1].Weighted() {
		t.Errorf("Weighted: got %v and %v, want false and true", got[0].Weighted(), got[1].Weighted())
	}
}

// doubledNumbers reads every word twice, so that it needs more chunks.
func doubledNumbers(text string) (ids []int32) {
	for _, id := range numbers(text) {
		ids = append(ids, id, id)
	}
	return ids
}

// TestAlignedChunks has two readers of which one makes more tokens of a text.
func TestAlignedChunks(t *testing.T) {
	t.Parallel()
	once, twice := prompt.Tokenizer{
		ChunkFormat: frame, Tokenize: numbers,
	}, prompt.Tokenizer{
		ChunkFormat: frame, Tokenize: doubledNumbers,
	}
	rapid.Check(t, func(r *rapid.T) {
		words := rapid.SliceOfN(
			rapid.SampledFrom([]string{"1", "2", "(3:1.2)", "BREAK", numberWords(4, 50), numberWords(51, 140)}), 0, 8,
		).Draw(
			r, "words",
		)
		parts := prompt.Current.Parse(strings.Join(words, " "))
		lists := prompt.AlignedChunks(parts, once, twice)
		if len(lists) != 2 || len(lists[0]) != len(lists[1]) {
			r.Fatalf("got %d lists, of %d and %d chunks, want two of one length", len(lists), len(lists[0]), len(lists[1]))
		}
		if alone := prompt.Chunks(parts, frame, doubledNumbers); !reflect.DeepEqual(lists[1], alone) {
			r.Errorf(
				"who needs most is changed by who reads beside:\n got %v\nwant %v", tokensOf(t, lists[1]), tokensOf(t, alone),
			)
		}
		var first, second []int32
		for i, ids := range tokensOf(t, lists[0]) {
			first = append(first, ids...)
			if second = append(second, tokensOf(t, lists[1])[i]...); len(first) < (len(second)+1)/2 {
				r.Errorf("after chunk %d: who makes fewer tokens has read %d words, the other %d", i+1, len(first), len(second)/2)
			}
		}
		if all := prompt.Chunks(parts, frame, numbers); fmt.Sprint(first) != fmt.Sprint(slices.Concat(tokensOf(t, all)...)) {
			r.Errorf("got the words %v, want %v", first, all)
		}
	})
}

func TestAlignedChunksKeepBreaksAligned(t *testing.T) {
	t.Parallel()
	once, twice := prompt.Tokenizer{
		ChunkFormat: frame, Tokenize: numbers,
	}, prompt.Tokenizer{
		ChunkFormat: frame, Tokenize: doubledNumbers,
	}
	lists := prompt.AlignedChunks(
		prompt.Current.Parse(numberWords(1, 40)+" BREAK BREAK 41 BREAK "+numberWords(42, 90)), once, twice,
	)
	var got []string
	for i := range lists[0] {
		a, b := tokensOf(t, lists[0])[i], tokensOf(t, lists[1])[i]
		got = append(got, fmt.Sprint(len(a), len(b)))
	}
	if want := "40 75|0 5|0 0|1 2|49 75|0 23"; strings.Join(got, "|") != want {
		t.Errorf("tokens of each pair of chunks: got %s, want %s", strings.Join(got, "|"), want)
	}
}

func TestChunksLoseNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfN(rapid.Int32Range(0, 5), 0, 400).Draw(t, "ids")
		chunks := prompt.Chunks([]prompt.Part{{Text: "x", Weight: 1}}, frame, func(string) []int32 { return ids })
		var got []int32
		for _, c := range chunks {
			for _, id := range c.IDs {
				if id < 1000 {
					got = append(got, id)
				}
			}
		}
		if len(got)+len(ids) > 0 && !reflect.DeepEqual(got, ids) {
			t.Fatalf("got %v, want %v", got, ids)
		}
	})
}

func TestMinChunks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"": 1, "a boat": 1, numberWords(1, 75): 1, numberWords(1, 76): 2, numberWords(1, 75) + " <lora:ink>": 1,
		"1 BREAK 2": 2, "BREAK BREAK": 2, "(" + numberWords(1, 75) + ":1.2) 76 BREAK 77": 3,
	} {
		if got := prompt.Current.MinChunks(text, picture.NotationA1111); got != want {
			t.Errorf("%.30q: got %d, want %d", text, got, want)
		}
	}
	if got := prompt.Current.MinChunks(numberWords(1, 40)+":: "+numberWords(1, 40), picture.NotationMidjourney); got != 1 {
		t.Errorf("two halves that lead together: got %d, want 1", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(
			rapid.SliceOfN(
				rapid.SampledFrom([]string{"1", "2", ",", "(3:1.2)", "[4]", "BREAK", numberWords(1, 40)}), 0, 12,
			).Draw(
				t, "words",
			),
			" ",
		)
		if least, chunks := prompt.Current.MinChunks(text, picture.NotationA1111), len(chunksOf(text)); least > chunks {
			t.Errorf("%q: got at least %d, want no more than the %d there are", text, least, chunks)
		}
	})
}

func TestPadChunks(t *testing.T) {
	t.Parallel()
	long, short := chunksOf(numberWords(1, 160)), chunksOf("1")
	a, b := prompt.PadChunks(long, 2, frame.Empty()), prompt.PadChunks(short, 3, frame.Empty())
	if len(a) != 3 || len(b) != 3 {
		t.Fatalf("got %d and %d chunks, want 3 and 3", len(a), len(b))
	}
	if !reflect.DeepEqual(b[2], frame.Empty()) || len(short) != 1 {
		t.Errorf("the list is not filled with empty chunks in a copy: %v", b[2])
	}
	if want := []int32{1000, 1001, 1002}; !reflect.DeepEqual(b[1].IDs[:3], want) {
		t.Errorf("an empty chunk begins %v, want %v", b[1].IDs[:3], want)
	}
}
