package message

import (
	"fmt"
	"strings"
	"time"
)

// Quota is what a person may ask for in a place, and what is used of it.
type Quota struct {
	Limits                Limits
	Waiting, Running, Day int       // images that the person has asked for
	NextFree              time.Time // when the oldest image of the day stops counting; zero if none counts
	Weight                int       // of the person's requests, in percent; 0 is the usual 100
	Direct                bool      // in direct messages, and not in a server
	Model                 string    // hash of the model whose words can be shown; empty for none
}

// Message says what is left, and which rule says so.
func (q Quota) Message() Message {
	lines := []string{"**What you can ask for here**"}
	if q.Limits.Paused {
		lines = append(lines, q.Limits.pausedText())
	}
	lines = append(lines, q.dayText(), q.waitingText())
	if n := q.Limits.RunningPerUser; n > 0 {
		lines = append(lines, fmt.Sprintf("• **Generated at once:** %s. %s per person; the rest waits.",
			plural(q.Running, "image"), q.rule("at most "+plural(n, "image"))))
	}
	lines = append(lines, q.eachText()...)
	if q.Weight > 0 && q.Weight != 100 {
		const share = "• **Your share of render time:** %d%%, from your roles. 100%% is usual."
		lines = append(lines, fmt.Sprintf(share, q.Weight))
	}
	m := Message{Content: strings.Join(append(lines, q.footer()), "\n")}
	if q.Model != "" {
		m.Rows = []Row{{wordsButton(q.Model)}}
	}
	return m
}

// rule says who allows something.
func (q Quota) rule(what string) string {
	if q.Direct {
		return "Direct messages allow " + what
	}
	return "This server allows " + what
}

func (q Quota) dayText() string {
	most := q.Limits.PerUserDay
	if most == 0 {
		return fmt.Sprintf("• **Today:** no limit. You asked for %s in the last 24 hours.", plural(q.Day, "image"))
	}
	text := fmt.Sprintf("• **Today:** %d of %s left. %s per person in 24 hours.",
		max(0, most-q.Day), plural(most, "image"), q.rule(plural(most, "image")))
	if !q.NextFree.IsZero() {
		text += " The next one is free again " + RelativeTime(q.NextFree) + "."
	}
	return text
}

func (q Quota) waitingText() string {
	most := q.Limits.WaitingPerUser
	if most == 0 {
		return fmt.Sprintf("• **Waiting:** no limit. You have %s waiting.", plural(q.Waiting, "image"))
	}
	return fmt.Sprintf("• **Waiting:** room for %d more. %s waiting per person; you have %d.",
		max(0, most-q.Waiting), q.rule(plural(most, "image")), q.Waiting)
}

// eachText lists the limits of each request.
func (q Quota) eachText() (lines []string) {
	if n := q.Limits.MaxCount; n > 0 {
		lines = append(lines, fmt.Sprintf("• **In one message:** %s.", q.rule("at most "+plural(n, "image"))))
	}
	if n := q.Limits.MaxPixels; n > 0 {
		lines = append(lines, fmt.Sprintf("• **Size:** %s.", q.rule("at most "+plural(n, "pixel"))))
	}
	if n := q.Limits.MaxSteps; n > 0 {
		lines = append(lines, fmt.Sprintf("• **Steps:** %s.", q.rule(fmt.Sprintf("at most %d", n))))
	}
	return lines
}

func (q Quota) footer() string {
	if q.Direct {
		return "-# Failed and cancelled requests do not count."
	}
	return "-# Failed and cancelled requests do not count. Moderators change these rules with /limits."
}
