package interaction

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/render/phrase"
	"darkroom/render/request"
	"darkroom/store"
)

const (
	// minWeight and maxWeight bound a role's weight, in percent.
	minWeight = 10
	maxWeight = 1000
	// maxPauseReason is how long the reason of a pause may be, in characters.
	maxPauseReason = 300
)

// limitStore holds the limits of servers.
type limitStore interface {
	PolicyAndWeights(ctx context.Context, server string) (store.Policy, map[string]int, error)
	SetPolicy(ctx context.Context, server string, p store.Policy, by string) error
	ResetPolicy(ctx context.Context, server, by string) error
	SetRoleWeight(ctx context.Context, server, role string, percent int, by string) error
}

// policyApplier applies a changed policy to jobs that already wait.
type policyApplier interface {
	ApplyPolicy(ctx context.Context, server string, p store.Policy) error
}

// limits is /limits.
type limits struct {
	db     limitStore
	usage  usageStore
	outbox policyApplier
	now    func() time.Time
	log    *slog.Logger
}

// run shows and changes the limits of a server. Discord shows the command to moderators only, but that is just a hint:
// the permission is checked again here.
func (l *limits) run(ctx context.Context, r *responder) error {
	server := r.req.Place.Guild
	if server == "" {
		return message.ErrNoServer
	}
	if r.req.Person.Permissions&(manageServer|administrator) == 0 {
		return message.ErrNotModerator
	}
	heading, changed, err := l.change(ctx, r, server)
	if err != nil {
		return err
	}
	p, weights, err := l.db.PolicyAndWeights(ctx, server)
	if err != nil {
		return err
	}
	in := r.req.Language
	text := in.Print(heading) + "\n" + limitsOf(p).Text(in) + message.RoleWeights(in, server, weights)
	if r.req.Sub == "show" {
		usage, err := l.usageLines(ctx, in, server)
		if err != nil {
			return err
		}
		text += strings.Join(usage, "\n")
	}
	if changed {
		if err := l.outbox.ApplyPolicy(ctx, server, p); err != nil {
			l.log.Warn("the queue did not hear of changed limits", "error", rest.Redact(err.Error()))
			text += "\n" + message.LimitsNotApplied(in)
		}
	}
	return r.say(ctx, text)
}

// change makes the change, if there is one, and returns the heading of the answer. changed tells whether the policy was
// changed.
func (l *limits) change(
	ctx context.Context, r *responder, server string,
) (heading phrase.Phrase, changed bool, err error) {
	by := r.req.Person.ID
	switch r.req.Sub {
	case "set":
		p, _, err := l.db.PolicyAndWeights(ctx, server)
		if err == nil {
			p, err = changedPolicy(p, r.req.Options)
		}
		if err == nil {
			err = l.db.SetPolicy(ctx, server, p, by)
		}
		return message.LimitsChanged(), true, err
	case "reset":
		return message.LimitsReset(), true, l.db.ResetPolicy(ctx, server, by)
	case "role":
		return message.LimitsOfRole(), false, l.setRoleWeight(ctx, r, server)
	}
	return message.LimitsShown(), false, nil
}

// setRoleWeight sets the weight of a role.
func (l *limits) setRoleWeight(ctx context.Context, r *responder, server string) error {
	percent, err := strconv.Atoi(r.req.Options["weight"])
	if err != nil || percent != 0 && (percent < minWeight || percent > maxWeight) {
		return message.ErrWeight(minWeight, maxWeight)
	}
	return l.db.SetRoleWeight(ctx, server, r.req.Options["role"], percent, r.req.Person.ID)
}

// limitsOf is a policy as a message shows it.
func limitsOf(p store.Policy) message.Limits { return message.Limits(p) }

// changedPolicy applies the given options. The other limits stay.
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
				return p, message.ErrLimit(name)
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
			p.PauseReason = message.Shorten(value, maxPauseReason)
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
	if s, ok := request.ParseSize(text); ok {
		return s.Width * s.Height, nil
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 0 {
		return n, nil
	}
	return 0, message.ErrLargestSize
}
