package interaction

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"darkroom/bot/command"
	"darkroom/bot/rest"
	"darkroom/render/request"
)

const (
	// agesKnown is how long it is remembered whether a channel is age-restricted.
	agesKnown = time.Minute
	// ageTimeout is how long Discord may take to say it. The rest of its three seconds is for the answer.
	ageTimeout = 700 * time.Millisecond
)

// ageSource tells whether a channel is age-restricted.
type ageSource interface {
	AgeRestricted(ctx context.Context, channel string) (bool, error)
}

// ages knows which threads are in age-restricted channels. Threads take the mark of their channel, and an interaction
// in a thread does not say it. Source: Discord, topics/threads, "Age-Restricted Threads".
type ages struct {
	discord ageSource
	catalog interface{ Available() request.Available }
	now     func() time.Time
	log     *slog.Logger

	mu    sync.Mutex
	known map[string]knownAge // by channel
}

type knownAge struct {
	restricted bool
	until      time.Time
}

// settle says in a thread's place whether its channel is age-restricted. Where nothing depends on that, or Discord does
// not say it in time, it is not. An error is remembered, too: Discord blocks bots that ask again and again.
func (a *ages) settle(ctx context.Context, place *command.Place) {
	if place.Kind != "thread" || place.Parent == "" || place.AgeRestricted || !a.matters() {
		return
	}
	if restricted, ok := a.recall(place.Parent); ok {
		place.AgeRestricted = restricted
		return
	}
	ctx, cancel := context.WithTimeout(ctx, ageTimeout)
	defer cancel()
	restricted, err := a.discord.AgeRestricted(ctx, place.Parent)
	if err != nil {
		a.log.Warn("a thread counts as not age-restricted: its channel could not be asked", "channel", place.Parent,
			"error", rest.Redact(err.Error()))
	}
	a.remember(place.Parent, restricted)
	place.AgeRestricted = restricted
}

// matters tells whether anything is for age-restricted channels only.
func (a *ages) matters() bool {
	available := a.catalog.Available()
	return slices.ContainsFunc(available.Addons, func(c request.AddonCard) bool { return c.NSFW }) ||
		slices.ContainsFunc(available.Models, func(c request.Card) bool { return c.NSFW })
}

func (a *ages) recall(channel string) (restricted, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k := a.known[channel]
	return k.restricted, a.now().Before(k.until)
}

func (a *ages) remember(channel string, restricted bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	maps.DeleteFunc(a.known, func(_ string, k knownAge) bool { return !now.Before(k.until) })
	a.known[channel] = knownAge{restricted, now.Add(agesKnown)}
}
