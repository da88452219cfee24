package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Bar shows how far a command is, in one line that it writes over and over. Where nobody watches, it writes a line of
// its own now and then.
type Bar struct {
	W     io.Writer
	Width func() int // columns of the terminal; nil for a file or a pipe
	Now   func() time.Time
	began time.Time // when the first step had ended: what came before, such as reading the prompt, tells nothing
	first int
	wrote time.Time
	shown bool
}

const (
	barWidth     = 30 // columns at most
	wordsWidth   = 34 // columns of "150 of 150 steps, 59 min 59 s left": a bar whose width changes jumps
	lineInterval = 10 * time.Second
)

// clearLine returns to the first column and erases the line (ECMA-48: CR, EL).
const clearLine = "\r\x1b[K"

// Step shows that done of total steps are done.
func (b *Bar) Step(done, total int) {
	now := b.Now()
	if b.began.IsZero() {
		b.began, b.first, b.wrote = now, done, now
	}
	words := fmt.Sprintf("%d of %d steps", done, total)
	if left, ok := b.left(now, done, total); ok {
		words += ", " + timeLeft(left)
	}
	if b.Width == nil {
		if now.Sub(b.wrote) >= lineInterval {
			b.wrote = now
			fmt.Fprintln(b.W, words)
		}
		return
	}
	b.shown = true
	fmt.Fprint(b.W, clearLine+line(done, total, words, b.Width()))
}

// Say shows what is done before the first step, where somebody watches.
func (b *Bar) Say(words string) {
	if b.Width == nil {
		return
	}
	b.shown = true
	fmt.Fprint(b.W, clearLine+line(0, 0, words, b.Width()))
}

// Clear removes the bar, for what is printed next.
func (b *Bar) Clear() {
	if b.shown {
		fmt.Fprint(b.W, clearLine)
	}
	b.shown = false
}

// left estimates the time to the last step by the steps since the first.
func (b *Bar) left(now time.Time, done, total int) (time.Duration, bool) {
	if done <= b.first || done >= total {
		return 0, false
	}
	each := now.Sub(b.began) / time.Duration(done-b.first)
	return each * time.Duration(total-done), true
}

func timeLeft(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < time.Second:
		return "1 s left"
	case d < time.Minute:
		return fmt.Sprintf("%d s left", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s left", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d h %d min left", d/time.Hour, d%time.Hour/time.Minute)
}

// line is a bar and words beside it, within width columns. A narrow terminal gets the words alone, or their beginning:
// a line that breaks could not be written over.
func line(done, total int, words string, width int) string {
	room := width - 1 // a full line makes some terminals scroll
	bar := min(barWidth, room-wordsWidth-len("[] "))
	if bar < 5 || total <= 0 || len(words) > wordsWidth {
		return words[:max(0, min(len(words), room))]
	}
	full := min(bar, bar*done/total)
	return "[" + strings.Repeat("█", full) + strings.Repeat("░", bar-full) + "] " + words
}
