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
	first int64
	wrote time.Time
	shown bool
}

// A bar whose width changes jumps, so there are columns for the longest words.
const (
	barWidth     = 30 // columns at most
	stepsWidth   = 34 // columns of "150 of 150 steps, 59 min 59 s left"
	bytesWidth   = 39 // columns of "999.9 MB of 999.9 MB, 59 min 59 s left"
	lineInterval = 10 * time.Second
)

// clearLine returns to the first column and erases the line (ECMA-48: CR, EL).
const clearLine = "\r\x1b[K"

// Step shows that done of total steps are done.
func (b *Bar) Step(done, total int) {
	b.show(fmt.Sprintf("%d of %d steps", done, total), stepsWidth, int64(done), int64(total))
}

// Bytes shows that done of total bytes are there.
func (b *Bar) Bytes(done, total int64) {
	b.show(amount(done)+" of "+amount(total), bytesWidth, done, total)
}

// show shows words, with the time left after them, of at most so many columns together.
func (b *Bar) show(words string, columns int, done, total int64) {
	now := b.Now()
	if b.began.IsZero() {
		b.began, b.first, b.wrote = now, done, now
	}
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
	fmt.Fprint(b.W, clearLine+line(done, total, words, columns, b.Width()))
}

// amount writes an amount of bytes in powers of ten, as disks and servers count.
func amount(bytes int64) string {
	switch {
	case bytes >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
	case bytes >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%d kB", (bytes+999)/1000)
}

// Say shows what is done before the first step, where somebody watches.
func (b *Bar) Say(words string) {
	if b.Width == nil {
		return
	}
	b.shown = true
	fmt.Fprint(b.W, clearLine+line(0, 0, words, stepsWidth, b.Width()))
}

// Clear removes the bar, for what is printed next.
func (b *Bar) Clear() {
	if b.shown {
		fmt.Fprint(b.W, clearLine)
	}
	b.shown = false
}

// left estimates the time to the end by what was done since the first call, once that is enough to tell.
func (b *Bar) left(now time.Time, done, total int64) (time.Duration, bool) {
	if done <= b.first || done >= total || done-b.first < total/200 {
		return 0, false
	}
	each := float64(now.Sub(b.began)) / float64(done-b.first)
	return time.Duration(each * float64(total-done)), true
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
func line(done, total int64, words string, columns, width int) string {
	room := width - 1 // a full line makes some terminals scroll
	bar := min(barWidth, room-columns-len("[] "))
	if bar < 5 || total <= 0 || len(words) > columns {
		return words[:max(0, min(len(words), room))]
	}
	full := min(bar, int(int64(bar)*done/total))
	return "[" + strings.Repeat("█", full) + strings.Repeat("░", bar-full) + "] " + words
}
