package message

import (
	"strings"
	"time"

	"darkroom/bot/language"
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
func (q Quota) Message(l language.Language) Message {
	lines := []string{l.Text("**What you can ask for here**")}
	if q.Limits.Paused {
		lines = append(lines, q.Limits.pausedText(l))
	}
	lines = append(lines, q.dayText(l), q.waitingText(l))
	if n := q.Limits.RunningPerUser; n > 0 {
		lines = append(lines, q.rule(
			l.Count(q.Running, "• **Generated at once:** %d image.", "• **Generated at once:** %d images.", q.Running),
			l.Count(n, "This server allows at most %d image per person; the rest waits.",
				"This server allows at most %d images per person; the rest waits.", n),
			l.Count(n, "Direct messages allow at most %d image per person; the rest waits.",
				"Direct messages allow at most %d images per person; the rest waits.", n)))
	}
	lines = append(lines, q.eachText(l)...)
	if q.Weight > 0 && q.Weight != 100 {
		lines = append(lines, l.Sprintf(
			"• **Your share of render time:** %d%%, from your roles. 100%% is usual.", q.Weight))
	}
	m := Message{Content: strings.Join(append(lines, q.footer(l)), "\n")}
	if q.Model != "" {
		m.Rows = []Row{{wordsButton(l, q.Model)}}
	}
	return m
}

// rule adds to what is left who allows it.
func (q Quota) rule(what, server, direct string) string {
	if q.Direct {
		return what + " " + direct
	}
	return what + " " + server
}

func (q Quota) dayText(l language.Language) string {
	most := q.Limits.PerUserDay
	if most == 0 {
		return l.Count(q.Day, "• **Today:** no limit. You asked for %d image in the last 24 hours.",
			"• **Today:** no limit. You asked for %d images in the last 24 hours.", q.Day)
	}
	text := q.rule(
		l.Count(most, "• **Today:** %d of %d image left.", "• **Today:** %d of %d images left.", max(0, most-q.Day), most),
		l.Count(most, "This server allows %d image per person in 24 hours.",
			"This server allows %d images per person in 24 hours.", most),
		l.Count(most, "Direct messages allow %d image per person in 24 hours.",
			"Direct messages allow %d images per person in 24 hours.", most))
	if !q.NextFree.IsZero() {
		text += " " + l.Sprintf("The next one is free again %s.", RelativeTime(q.NextFree))
	}
	return text
}

func (q Quota) waitingText(l language.Language) string {
	most := q.Limits.WaitingPerUser
	if most == 0 {
		return l.Count(q.Waiting, "• **Waiting:** no limit. You have %d image waiting.",
			"• **Waiting:** no limit. You have %d images waiting.", q.Waiting)
	}
	return q.rule(
		l.Sprintf("• **Waiting:** room for %d more.", max(0, most-q.Waiting)),
		l.Count(most, "This server allows %d image waiting per person; you have %d.",
			"This server allows %d images waiting per person; you have %d.", most, q.Waiting),
		l.Count(most, "Direct messages allow %d image waiting per person; you have %d.",
			"Direct messages allow %d images waiting per person; you have %d.", most, q.Waiting))
}

// eachText lists the limits of each request.
func (q Quota) eachText(l language.Language) (lines []string) {
	if n := q.Limits.MaxCount; n > 0 {
		lines = append(lines, q.rule(l.Text("• **In one message:**"),
			l.Count(n, "This server allows at most %d image.", "This server allows at most %d images.", n),
			l.Count(n, "Direct messages allow at most %d image.", "Direct messages allow at most %d images.", n)))
	}
	if n := q.Limits.MaxPixels; n > 0 {
		lines = append(lines, q.rule(l.Text("• **Size:**"),
			l.Count(n, "This server allows at most %d pixel.", "This server allows at most %d pixels.", n),
			l.Count(n, "Direct messages allow at most %d pixel.", "Direct messages allow at most %d pixels.", n))+
			" "+l.Text("The size after hires and upscaling counts."))
	}
	if n := q.Limits.MaxSteps; n > 0 {
		lines = append(lines, q.rule(l.Text("• **Steps:**"),
			l.Sprintf("This server allows at most %d.", n), l.Sprintf("Direct messages allow at most %d.", n)))
	}
	return lines
}

func (q Quota) footer(l language.Language) string {
	if q.Direct {
		return "-# " + l.Text("Failed and cancelled requests do not count.")
	}
	return "-# " + l.Text("Failed and cancelled requests do not count. Moderators change these rules with /limits.")
}
