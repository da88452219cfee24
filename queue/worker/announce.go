package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"time"

	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// Model is a model that a renderer can be asked for.
type Model struct {
	Name string
	Hash string
	Card json.RawMessage
	Load time.Duration // what loading it would take; 0 for a loaded one

	// Parts are the hashes of add-ons that come with the model, such as an upscaler in its folder.
	Parts []string
}

// Announcement is what the bot is told of a renderer that has these models and add-ons. Lanes are in the models' order.
// No more than queue.MaxAddons add-ons are announced, the first ones.
func Announcement(slot, device string, batch int, models []Model, addons []request.AddonCard) queue.Renderer {
	r := queue.Renderer{Slot: slot, Device: device, MaxBatch: batch}
	for _, a := range addons[:min(len(addons), queue.MaxAddons)] {
		card, err := json.Marshal(a)
		if err != nil {
			panic("internal error: a card must always encode: " + err.Error())
		}
		r.Addons = append(r.Addons, queue.Addon{Hash: a.Hash, Card: card})
	}
	for _, m := range models {
		lanes := picture.Lanes(m.Hash)
		for _, lane := range queue.Lanes(lanes...) {
			lane.Load = m.Load
			r.Lanes = append(r.Lanes, lane)
		}
		r.Parts = append(r.Parts, m.Parts...)
		r.Models = append(r.Models, queue.Model{Name: m.Name, Hash: m.Hash, Lane: lanes[0], Card: m.Card})
	}
	return r
}

const (
	announceInterval = 3 * time.Second
	announceTTL      = 15 * time.Second // a renderer that was not heard of for so long offers nothing
	withdrawTimeout  = 2 * time.Second
)

// Announcer is the queue as Announce uses it.
type Announcer interface {
	Announce(ctx context.Context, r queue.Renderer, ttl time.Duration) error
	Withdraw(ctx context.Context, slot string) error
}

// Announce announces a renderer again and again, as it is each time, and withdraws it when ctx ends. A value in changed
// has it announced at once: files came or went. changed may be nil.
func Announce(
	ctx context.Context, q Announcer, renderer func() queue.Renderer, changed <-chan struct{}, log *slog.Logger,
) {
	failing := false
	tick := time.NewTicker(announceInterval)
	defer tick.Stop()
	for ctx.Err() == nil {
		err := q.Announce(ctx, renderer(), announceTTL)
		if err != nil && !failing && ctx.Err() == nil {
			log.Warn("the renderer cannot announce its models", "error", err)
		}
		failing = err != nil
		select {
		case <-tick.C:
		case <-changed:
		case <-ctx.Done():
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), withdrawTimeout)
	defer cancel()
	if err := q.Withdraw(ctx, renderer().Slot); err != nil {
		log.Debug("the renderer could not be withdrawn", "error", err) // it is forgotten soon
	}
}

// DefaultSlot names a renderer by its host and process: two at once must not share a name.
func DefaultSlot() string {
	host, err := os.Hostname()
	if err != nil {
		host = "renderer"
	}
	host = unsafeInNames.ReplaceAllString(host, "-")
	return fmt.Sprintf("%s-%d", host[:min(len(host), maxHostName)], os.Getpid())
}

// maxHostName is how much of a host's name goes into a slot's: with a process number it is short enough for a name.
const maxHostName = 48

var unsafeInNames = regexp.MustCompile(`[^A-Za-z0-9._-]`)

var _ Announcer = (*queue.Queue)(nil)
