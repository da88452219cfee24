package message

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits are what a server allows, as a message shows them. Zero numbers mean no limit.
type Limits struct {
	WaitingPerUser, RunningPerUser, PerUserDay int // images
	MaxPixels, MaxSteps, MaxCount              int
	Paused                                     bool
	PauseReason                                string
}

// The headings of a server's limits.
const (
	LimitsShown   = "**Limits of this server**"
	LimitsChanged = "**Changed: limits of this server**"
	LimitsReset   = "**Reset: limits of this server**"
	LimitsOfRole  = "**Limits of this server** (weights apply to new requests)"
)

// LimitsNotApplied says that the queue could not be told new limits.
const LimitsNotApplied = "The queue cannot be reached right now. It gets the new limits when it is back, " +
	"but requests that wait already keep the old limit for images generated at once."

// ErrLargestSize refuses a largest size that cannot be read.
const ErrLargestSize = Refusal("Write largest_size as width x height, such as 768x512. 0 removes the limit.")

// ErrWeight refuses a role's weight.
func ErrWeight(least, most int) error {
	return refuse("A weight is a percentage from %d to %d. 100 is normal, 0 removes the weight.", least, most)
}

// ErrLimit refuses the value of a limit.
func ErrLimit(name string) error {
	return refuse("The limit %s is a whole number. 0 removes the limit.", name)
}

// Text lists the limits.
func (l Limits) Text() string {
	lines := []string{
		"Waiting per person: " + limitText(l.WaitingPerUser, "image"),
		"Generated at once per person: " + limitText(l.RunningPerUser, "image"),
		"Per person in 24 hours: " + limitText(l.PerUserDay, "image"),
		"Largest size: " + limitText(l.MaxPixels, "pixel"),
		"Most steps: " + limitText(l.MaxSteps, ""),
		"Most images in one message: " + limitText(l.MaxCount, ""),
	}
	if l.Paused {
		lines = append(lines, l.pausedText())
	}
	return strings.Join(lines, "\n")
}

func (l Limits) pausedText() string {
	if l.PauseReason == "" {
		return "⏸️ Paused"
	}
	return "⏸️ Paused: " + Escape(l.PauseReason)
}

// limitText is a limit with its unit. One without a unit is a number.
func limitText(n int, unit string) string {
	switch {
	case n == 0:
		return "no limit"
	case unit == "":
		return strconv.Itoa(n)
	}
	return plural(n, unit)
}

// plural is a number with its unit.
func plural(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return strconv.Itoa(n) + " " + unit + "s"
}

// RoleWeights lists the roles that have a weight. The role that everybody has is named by the id of the server.
func RoleWeights(server string, weights map[string]int) string {
	var text strings.Builder
	for _, role := range slices.Sorted(maps.Keys(weights)) {
		name := "<@&" + role + ">"
		if role == server {
			name = "@everyone"
		}
		fmt.Fprintf(&text, "\nWeight of %s: %d%%", name, weights[role])
	}
	return text.String()
}

// Totals are images that were rendered, and how long that took.
type Totals struct {
	Pictures int
	Took     time.Duration
}

// Usage says how much was rendered in a server.
func Usage(today, week Totals) []string {
	return []string{"", "Generated today: " + totalsText(today), "Generated in the last 7 days: " + totalsText(week)}
}

// LastChange says who changed a server's limits last. The actor is empty if that person was erased.
func LastChange(actor string, at time.Time) string {
	who := "an erased user"
	if actor != "" {
		who = "<@" + actor + ">"
	}
	return fmt.Sprintf("-# Last change by %s, %s", who, RelativeTime(at))
}

// totalsText says how much was rendered. What failed or was cancelled is not counted.
func totalsText(t Totals) string {
	if t.Pictures == 0 {
		return "nothing"
	}
	took := t.Took
	if took >= time.Minute {
		took = took.Round(time.Second)
	} else {
		took = took.Round(100 * time.Millisecond)
	}
	return plural(t.Pictures, "image") + " in " + took.String()
}
