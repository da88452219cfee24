package world

import (
	"strconv"
	"time"
)

// discordEpoch is the first millisecond of 2015, from which snowflakes count.
const discordEpoch = 1420070400000

// ids hands out snowflakes: the time in milliseconds, then a running number.
// They never repeat and never fall, even when the clock jumps back.
type ids struct {
	now  func() time.Time
	last uint64
}

func (g *ids) next() string {
	id := uint64(max(g.now().UnixMilli()-discordEpoch, 1)) << 22
	g.last = max(g.last+1, id)
	return strconv.FormatUint(g.last, 10)
}

// after makes sure that later ids are greater than this one.
func (g *ids) after(id string) {
	if n, err := strconv.ParseUint(id, 10, 64); err == nil {
		g.last = max(g.last, n)
	}
}

// IDTime is the time in a snowflake.
func IDTime(id string) time.Time {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(n>>22) + discordEpoch)
}

// older orders snowflakes: as numbers, not as text.
func older(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}
