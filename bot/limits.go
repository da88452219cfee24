package bot

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"darkroom/bot/admit"
	"darkroom/bot/reply"
	"darkroom/queue"
	"darkroom/store"
)

// limits shows and changes what a server allows. Discord hides the command from others, but that is a hint: the
// permission is asked again here.
func (t *turn) limits(ctx context.Context) error {
	server := t.req.Place.Guild
	if server == "" {
		return errNoServer
	}
	if t.req.Person.Permissions&(manageServer|administrator) == 0 {
		return errNotModerator
	}
	p, err := t.ledger.Policy(ctx, server)
	if err != nil {
		return err
	}
	head := "**Limits of this server**"
	switch t.req.Sub {
	case "set":
		if p, err = changedPolicy(p, t.req.Options); err != nil {
			return err
		}
		head = "**Limits of this server, from now on**"
		err = t.ledger.SetPolicy(ctx, server, p, t.req.Person.ID)
	case "reset":
		p, head = store.Policy{}, "**Limits of this server were taken back**"
		err = t.ledger.ResetPolicy(ctx, server, t.req.Person.ID)
	}
	if err != nil {
		return err
	}
	text := head + "\n" + policyText(p)
	if t.req.Sub == "set" || t.req.Sub == "reset" {
		if err := t.limitRunning(ctx, server, p.RunningPerUser); err != nil {
			t.log.Warn("the queue did not hear of a running limit", "error", reply.Redact(err.Error()))
			text += "\n" + limitLater
		}
	}
	return t.tell(ctx, reply.Message{Content: text})
}

// limitWithin is how long the queue may take to hear of a new running limit: the person is still unanswered.
const limitWithin = time.Second

// limitLater is said when the queue did not hear of it.
const limitLater = "Pictures that wait already are still painted by the old limit of what is painted at once."

// limitRunning has the running limit hold for what waits already. A queue that is empty is filled by the new limit.
func (t *turn) limitRunning(ctx context.Context, server string, pictures int) error {
	ctx, cancel := context.WithTimeout(ctx, limitWithin)
	defer cancel()
	err := t.line.LimitRunning(ctx, server, pictures)
	if errors.Is(err, queue.ErrEpoch) {
		return nil
	}
	return err
}

// changedPolicy applies the options that were given; the others stay.
func changedPolicy(p store.Policy, options map[string]string) (store.Policy, error) {
	numbers := map[string]*int{
		"waiting": &p.WaitingPerUser, "running": &p.RunningPerUser, "per_day": &p.PerUserDay,
		"most_steps": &p.MaxSteps, "most_tiles": &p.MaxCount,
	}
	for name, value := range options {
		switch field := numbers[name]; {
		case field != nil:
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 {
				return p, no("The limit " + name + " wants a whole number from 0; 0 takes it back.")
			}
			*field = n
		case name == "largest_size":
			pixels, err := pixelsOf(value)
			if err != nil {
				return p, err
			}
			p.MaxPixels = pixels
		case name == "paused":
			p.Paused = value == "true"
		case name == "reason":
			p.PauseReason = cut(value, 300)
		}
	}
	if !p.Paused {
		p.PauseReason = ""
	}
	return p, nil
}

// pixelsOf reads a largest size: "768x512", a number of pixels, or 0 for none.
func pixelsOf(text string) (int, error) {
	text = strings.TrimSpace(text)
	if s, ok := admit.ParseSize(text); ok {
		return s.Width * s.Height, nil
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 0 {
		return n, nil
	}
	return 0, no("The largest size is written as width x height, such as 768x512; 0 takes the limit back.")
}

func policyText(p store.Policy) string {
	amount := func(n int, unit string) string {
		if n == 0 {
			return "no limit"
		}
		return strconv.Itoa(n) + unit
	}
	lines := []string{
		"Waiting per person: " + amount(p.WaitingPerUser, " pictures"),
		"Painted at once per person: " + amount(p.RunningPerUser, " pictures"),
		"Per person in 24 hours: " + amount(p.PerUserDay, " pictures"),
		"Largest size: " + amount(p.MaxPixels, " pixels"),
		"Most steps: " + amount(p.MaxSteps, ""),
		"Most pictures in one message: " + amount(p.MaxCount, ""),
	}
	if p.Paused {
		lines = append(lines, fmt.Sprintf("⏸️ Painting is paused. %s", reply.Escape(p.PauseReason)))
	}
	return strings.Join(lines, "\n")
}
