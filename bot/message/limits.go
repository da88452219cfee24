package message

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"darkroom/bot/language"
	"darkroom/render/phrase"
)

// Limits are what a server allows, as a message shows them. Zero numbers mean no limit.
type Limits struct {
	WaitingPerUser, RunningPerUser, PerUserDay int // images
	MaxPixels, MaxSteps, MaxCount              int
	Paused                                     bool
	PauseReason                                string
}

// LimitsShown is the heading of a server's limits.
func LimitsShown() phrase.Phrase { return phrase.Of("**Limits of this server**") }

// LimitsChanged is the heading after a change.
func LimitsChanged() phrase.Phrase { return phrase.Of("**Changed: limits of this server**") }

// LimitsReset is the heading when there are no limits any more.
func LimitsReset() phrase.Phrase { return phrase.Of("**Reset: limits of this server**") }

// LimitsOfRole is the heading after the weight of a role was changed.
func LimitsOfRole() phrase.Phrase {
	return phrase.Of("**Limits of this server** (weights apply to new requests)")
}

// LimitsNotApplied says that the queue could not be told new limits.
func LimitsNotApplied(l language.Language) string {
	return l.Text("The queue cannot be reached right now. It gets the new limits when it is back, " +
		"but requests that wait already keep the old limit for images generated at once.")
}

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
func (m Limits) Text(l language.Language) string {
	none := l.Text("no limit")
	images := func(n int) string {
		if n == 0 {
			return none
		}
		return imagesText(l, n)
	}
	pixels, steps, count := none, none, none
	if m.MaxPixels > 0 {
		pixels = pixelsText(l, m.MaxPixels)
	}
	if m.MaxSteps > 0 {
		steps = strconv.Itoa(m.MaxSteps)
	}
	if m.MaxCount > 0 {
		count = strconv.Itoa(m.MaxCount)
	}
	lines := []string{
		l.Sprintf("Waiting per person: %s", images(m.WaitingPerUser)),
		l.Sprintf("Generated at once per person: %s", images(m.RunningPerUser)),
		l.Sprintf("Per person in 24 hours: %s", images(m.PerUserDay)),
		l.Sprintf("Largest size: %s", pixels),
		l.Sprintf("Most steps: %s", steps),
		l.Sprintf("Most images in one message: %s", count),
	}
	if m.Paused {
		lines = append(lines, m.pausedText(l))
	}
	return strings.Join(lines, "\n")
}

func (m Limits) pausedText(l language.Language) string {
	if m.PauseReason == "" {
		return l.Text("⏸️ Paused")
	}
	return l.Sprintf("⏸️ Paused: %s", Escape(m.PauseReason))
}

// imagesText and pixelsText are numbers with their unit, in the nominative: not for the middle of a sentence.
func imagesText(l language.Language, n int) string { return l.Count(n, "%d image", "%d images", n) }

func pixelsText(l language.Language, n int) string { return l.Count(n, "%d pixel", "%d pixels", n) }

// RoleWeights lists the roles that have a weight. The role that everybody has is named by the id of the server.
func RoleWeights(l language.Language, server string, weights map[string]int) string {
	var text strings.Builder
	for _, role := range slices.Sorted(maps.Keys(weights)) {
		name := "<@&" + role + ">"
		if role == server {
			name = "@everyone"
		}
		text.WriteString("\n" + l.Sprintf("Weight of %s: %d%%", name, weights[role]))
	}
	return text.String()
}

// Totals are images that were rendered, and how long that took.
type Totals struct {
	Pictures int
	Took     time.Duration
}

// Usage says how much was rendered in a server.
func Usage(l language.Language, today, week Totals) []string {
	return []string{
		"", l.Sprintf("Generated today: %s", totalsText(l, today)),
		l.Sprintf("Generated in the last 7 days: %s", totalsText(l, week)),
	}
}

// LastChange says who changed a server's limits last. The actor is empty if that person was erased.
func LastChange(l language.Language, actor string, at time.Time) string {
	if actor == "" {
		return "-# " + l.Sprintf("Last change by an erased user, %s", RelativeTime(at))
	}
	return "-# " + l.Sprintf("Last change by %s, %s", "<@"+actor+">", RelativeTime(at))
}

// totalsText says how much was rendered. What failed or was cancelled is not counted.
func totalsText(l language.Language, t Totals) string {
	if t.Pictures == 0 {
		return l.Text("nothing")
	}
	took := t.Took
	if took >= time.Minute {
		took = took.Round(time.Second)
	} else {
		took = took.Round(100 * time.Millisecond)
	}
	return l.Count(t.Pictures, "%d image in %s", "%d images in %s", t.Pictures, durationText(l, took))
}

// durationText writes a duration, with the language's decimal point.
func durationText(l language.Language, d time.Duration) string {
	point := strings.Trim(l.Decimal(0.5, 1), "05")
	return strings.Replace(d.String(), ".", point, 1)
}
