// Package snowflake makes Discord's ids: numbers in which a time lies, so that a newer id is a greater one.
package snowflake

import (
	"strconv"
	"time"
)

// discordEpoch is the first millisecond of 2015, where Discord's snowflakes begin.
const discordEpoch = 1420070400000

// Generator makes snowflakes: the time in milliseconds, then a running number. They never repeat and never decrease,
// even if the clock jumps back. It is not safe for concurrent use.
type Generator struct {
	Now  func() time.Time // the clock
	last uint64
}

// Next returns a new id.
func (g *Generator) Next() string {
	id := uint64(max(g.Now().UnixMilli()-discordEpoch, 1)) << 22
	g.last = max(g.last+1, id)
	return strconv.FormatUint(g.last, 10)
}

// After makes later ids greater than this one.
func (g *Generator) After(id string) {
	if n, err := strconv.ParseUint(id, 10, 64); err == nil {
		g.last = max(g.last, n)
	}
}

// Time returns the time in a snowflake; the zero time if it is no snowflake.
func Time(id string) time.Time {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(n>>22) + discordEpoch)
}

// Older reports whether a was made before b. It compares them as numbers, not as text.
func Older(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}
