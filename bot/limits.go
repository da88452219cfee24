package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"darkroom/bot/admit"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/store"
)

// limits shows and changes what a server allows. Discord hides the command from others, but that is a hint: the
// permission is asked again here.
func (h *handler) limits(ctx context.Context) error {
	server := h.req.Place.Guild
	if server == "" {
		return errNoServer
	}
	if h.req.Person.Permissions&(manageServer|administrator) == 0 {
		return errNotModerator
	}
	p, err := h.db.Policy(ctx, server)
	if err != nil {
		return err
	}
	head := "**Limits of this server**"
	switch h.req.Sub {
	case "set":
		if p, err = changedPolicy(p, h.req.Options); err != nil {
			return err
		}
		head = "**Limits of this server, from now on**"
		err = h.db.SetPolicy(ctx, server, p, h.req.Person.ID)
	case "reset":
		p, head = store.Policy{}, "**Limits of this server were taken back**"
		err = h.db.ResetPolicy(ctx, server, h.req.Person.ID)
	case "role":
		head = "**Limits of this server**, for what is asked for from now on"
		err = h.setRoleWeight(ctx, server)
	}
	if err != nil {
		return err
	}
	weights, err := h.db.RoleWeights(ctx, server)
	if err != nil {
		return err
	}
	text := head + "\n" + policyText(p) + weightsText(server, weights)
	if h.req.Sub == "show" {
		usage, err := h.usageReport(ctx, server)
		if err != nil {
			return err
		}
		text += usage
	}
	if h.req.Sub == "set" || h.req.Sub == "reset" {
		if err := h.applyToQueue(ctx, server, p); err != nil {
			h.log.Warn("the queue did not hear of changed limits", "error", rest.Redact(err.Error()))
			text += "\n" + limitsNotApplied
		}
	}
	return h.replyPrivately(ctx, message.Message{Content: text})
}

// limitTimeout is how long the queue may take to hear of a new running limit: the person is still unanswered.
const limitTimeout = time.Second

// limitsNotApplied is said when the queue did not hear of it.
const limitsNotApplied = "The queue does not answer just now. What waits already hears of this as soon as it does; " +
	"only what is painted at once stays as it was for pictures that wait already."

// applyToQueue has changed limits hold for what waits already. A queue that is empty is filled by the new ones, and the relay
// tells a queue that does not answer of a pause later.
func (h *handler) applyToQueue(ctx context.Context, server string, p store.Policy) error {
	ctx, cancel := context.WithTimeout(ctx, limitTimeout)
	defer cancel()
	err := h.queue.LimitRunning(ctx, server, p.RunningPerUser)
	if errors.Is(err, queue.ErrEpoch) {
		err = nil
	}
	if err == nil {
		err = h.syncPauses(ctx)
	}
	if err != nil {
		h.pausesStale.Store(true)
		wake(h.relayWake)
	}
	return err
}

// Bounds of a role's weight, in percent.
const (
	minWeight = 10
	maxWeight = 1000
)

// setRoleWeight gives a role its weight.
func (h *handler) setRoleWeight(ctx context.Context, server string) error {
	percent, err := strconv.Atoi(h.req.Options["weight"])
	if err != nil || percent != 0 && (percent < minWeight || percent > maxWeight) {
		return refusalText(fmt.Sprintf("A weight is a number of percent from %d to %d; 100 is everybody's, 0 takes it back.", minWeight, maxWeight))
	}
	return h.db.SetRoleWeight(ctx, server, h.req.Options["role"], percent, h.req.Person.ID)
}

// weightsText lists the roles that have a weight of their own.
func weightsText(server string, weights map[string]int) string {
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

// weight is the weight of a person with these roles: that of the heaviest. Everybody has the role that is called like the
// server.
func weight(weights map[string]int, server string, roles []string) int {
	heaviest := 0
	for _, role := range append([]string{server}, roles...) {
		heaviest = max(heaviest, weights[role])
	}
	return heaviest
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
				return p, refusalText("The limit " + name + " wants a whole number from 0; 0 takes it back.")
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
	return 0, refusalText("The largest size is written as width x height, such as 768x512; 0 takes the limit back.")
}

func policyText(p store.Policy) string {
	amount := func(n int, unit string) string {
		switch {
		case n == 0:
			return "no limit"
		case n == 1:
			unit = strings.TrimSuffix(unit, "s")
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
		line := "⏸️ Painting is paused"
		if p.PauseReason != "" {
			line += ": " + message.Escape(p.PauseReason)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
