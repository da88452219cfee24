package supervise

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"darkroom/queue"
)

// Group keeps several renderer processes running, one for each device. A process that dies is started again and leaves
// the others alone; so does one that gives up. The group ends when none is left.
type Group struct {
	members []*Supervisor
	names   []string
	log     *slog.Logger
	opened  chan queue.Renderer
	ended   chan struct{}
}

// Member is one process of a Group.
type Member struct {
	Name string // of its device, for the log
	Options
}

// NewGroup makes a group. Nothing runs yet.
func NewGroup(log *slog.Logger, members ...Member) *Group {
	g := &Group{log: log}
	for _, m := range members {
		if len(members) > 1 {
			m.Log = m.Log.With("device", m.Name)
		}
		g.members, g.names = append(g.members, New(m.Options)), append(g.names, m.Name)
	}
	return g
}

// Start starts the first process of each member. Whoever calls it calls Stop.
func (g *Group) Start(ctx context.Context) {
	g.opened, g.ended = make(chan queue.Renderer, len(g.members)), make(chan struct{})
	var all sync.WaitGroup
	for i, s := range g.members {
		s.Start(ctx)
		all.Go(func() {
			select {
			case r := <-s.opened:
				g.opened <- r
				<-s.ended
			case <-s.ended:
			}
			if s.err != nil && len(g.members) > 1 {
				g.log.Error("a renderer gave up; those of other devices go on", "device", g.names[i], "error", s.err)
			}
		})
	}
	go func() {
		all.Wait()
		close(g.ended)
	}()
}

// WaitOpened waits until a process of any member found models, and returns what can be asked for. An error says why
// there will be none.
func (g *Group) WaitOpened(ctx context.Context) (queue.Renderer, error) {
	select {
	case r := <-g.opened:
		return r, nil
	default:
	}
	select {
	case r := <-g.opened:
		return r, nil
	case <-g.ended:
		return queue.Renderer{}, g.err()
	case <-ctx.Done():
		return queue.Renderer{}, context.Cause(ctx)
	}
}

// Run waits until ctx ends and then stops the renderers, or returns why there is none any more.
func (g *Group) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-g.ended:
	}
	g.Stop()
	return g.err()
}

// Stop has all processes finish their images, or release them, and waits for their ends.
func (g *Group) Stop() {
	for _, s := range g.members {
		s.cancel() // all at once: each may take as long as its image
	}
	<-g.ended
}

// err is why no member runs any more, once all have ended; nil where one was stopped in order.
func (g *Group) err() error {
	var errs []error
	for i, s := range g.members {
		switch {
		case s.err == nil:
			return nil
		case len(g.members) > 1 && !strings.Contains(s.err.Error(), g.names[i]):
			errs = append(errs, fmt.Errorf("%s: %w", g.names[i], s.err))
		default:
			errs = append(errs, s.err)
		}
	}
	return errors.Join(errs...)
}
