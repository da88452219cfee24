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
	WaitingPerUser, RunningPerUser, PerUserDay int // pictures
	MaxPixels, MaxSteps, MaxCount              int
	Paused                                     bool
	PauseReason                                string
}

// The headings of a server's limits.
const (
	LimitsShown   = "**Limits of this server**"
	LimitsChanged = "**Limits of this server, from now on**"
	LimitsReset   = "**Limits of this server were taken back**"
	LimitsOfRole  = "**Limits of this server**, for what is asked for from now on"
)

// LimitsNotApplied says that the queue did not hear of new limits.
const LimitsNotApplied = "The queue does not answer just now. What waits already hears of this as soon as it does; " +
	"only what is painted at once stays as it was for pictures that wait already."

// ErrLargestSize refuses a largest size that cannot be read.
const ErrLargestSize = Refusal("The largest size is written as width x height, such as 768x512; 0 takes the limit back.")

// ErrWeight refuses a role's weight.
func ErrWeight(least, most int) Refusal {
	return Refusal(fmt.Sprintf("A weight is a number of percent from %d to %d; 100 is everybody's, 0 takes it back.", least, most))
}

// ErrLimit refuses the value of a limit.
func ErrLimit(name string) Refusal {
	return Refusal("The limit " + name + " wants a whole number from 0; 0 takes it back.")
}

// Text lists the limits.
func (l Limits) Text() string {
	lines := []string{
		"Waiting per person: " + limitText(l.WaitingPerUser, " pictures"),
		"Painted at once per person: " + limitText(l.RunningPerUser, " pictures"),
		"Per person in 24 hours: " + limitText(l.PerUserDay, " pictures"),
		"Largest size: " + limitText(l.MaxPixels, " pixels"),
		"Most steps: " + limitText(l.MaxSteps, ""),
		"Most pictures in one message: " + limitText(l.MaxCount, ""),
	}
	if l.Paused {
		line := "⏸️ Painting is paused"
		if l.PauseReason != "" {
			line += ": " + Escape(l.PauseReason)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func limitText(n int, unit string) string {
	switch {
	case n == 0:
		return "no limit"
	case n == 1:
		unit = strings.TrimSuffix(unit, "s")
	}
	return strconv.Itoa(n) + unit
}

// RoleWeights lists the roles that have a weight of their own. Everybody has the role that is called like the server.
func RoleWeights(server string, weights map[string]int) string {
	text := ""
	for _, role := range slices.Sorted(maps.Keys(weights)) {
		name := "<@&" + role + ">"
		if role == server {
			name = "@everyone"
		}
		text += fmt.Sprintf("\nWeight of %s: %d %%", name, weights[role])
	}
	return text
}

// Totals are pictures that were painted, and how long that took.
type Totals struct {
	Pictures int
	Took     time.Duration
}

// Usage tells what was painted in a server.
func Usage(today, week Totals) []string {
	return []string{"", "Painted here today: " + totalsText(today), "Painted here in seven days: " + totalsText(week)}
}

// LastChange tells who changed a server's limits last. The actor is empty when that person was erased.
func LastChange(actor string, at time.Time) string {
	who := "somebody who was erased"
	if actor != "" {
		who = "<@" + actor + ">"
	}
	return fmt.Sprintf("-# Last change by %s, <t:%d:R>", who, at.Unix())
}

// totalsText says what was painted. What failed or was cancelled is not in it.
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
	return fmt.Sprintf("%d pictures in %v", t.Pictures, took)
}
