package queue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Scope says what is paused: one server, one lane, or the whole pool when neither is named. The lane of a model stands
// for those whose jobs need more than the model.
type Scope struct{ Server, Lane string }

// Covers tells whether a job of this server and lane is in the scope.
func (s Scope) Covers(server, lane string) bool {
	return s == Scope{} || s == Scope{Server: server} || s == Scope{Lane: lane} || s == Scope{Lane: baseLane(lane)}
}

// Paused is a pause that applies now.
type Paused struct {
	Scope  Scope
	Reason string
	Since  time.Time // by Redis's clock
}

// Pause stops new leases of a scope until Resume. Running jobs go on, and jobs can still be enqueued. A second Pause
// changes the reason. Pauses do not depend on the epoch, but a wiped Redis loses them.
func (q *Queue) Pause(ctx context.Context, s Scope, reason string) error {
	if err := q.pause(ctx, s, true, reason); err != nil {
		return fmt.Errorf("pause %s: %w", s, err)
	}
	return nil
}

// Resume ends a pause. Waiting jobs keep their positions.
func (q *Queue) Resume(ctx context.Context, s Scope) error {
	if err := q.pause(ctx, s, false, ""); err != nil {
		return fmt.Errorf("resume %s: %w", s, err)
	}
	return nil
}

func (q *Queue) pause(ctx context.Context, s Scope, on bool, reason string) error {
	if s.Server != "" && s.Lane != "" {
		return fmt.Errorf("either a server or a lane, not both")
	}
	r, err := q.run(ctx, pauseScript, anyEpoch, s.field(), escape(s.Server), on, reason)
	if r.code() == string(EpochChanged) {
		return nil // it is stored, and there is no queue yet that must change
	}
	return err
}

// Pauses lists what is paused: the pool, then servers and lanes by name.
func (q *Queue) Pauses(ctx context.Context) ([]Paused, error) {
	r, err := q.run(ctx, pausesScript, anyEpoch)
	if err != nil {
		return nil, fmt.Errorf("list pauses: %w", err)
	}
	all, err := readPauses(r[1:])
	if err != nil {
		return nil, fmt.Errorf("list pauses: %w", err)
	}
	return all, nil
}

// readPauses reads scope, since and reason of each pause.
func readPauses(words reply) (all []Paused, err error) {
	for ; len(words) >= 3; words = words[3:] {
		since, err := words.number(1)
		if err != nil {
			return nil, err
		}
		all = append(all, Paused{Scope: scopeOf(words.text(0)), Reason: words.text(2), Since: time.UnixMilli(since)})
	}
	slices.SortFunc(all, func(a, b Paused) int {
		return cmp.Or(strings.Compare(a.Scope.Lane, b.Scope.Lane), strings.Compare(a.Scope.Server, b.Scope.Server))
	})
	return all, nil
}

// field is the scope's field in the hash of pauses.
func (s Scope) field() string {
	switch {
	case s.Server != "":
		return "server:" + escape(s.Server)
	case s.Lane != "":
		return "lane:" + escape(s.Lane)
	}
	return "pool"
}

func scopeOf(field string) Scope {
	kind, name, _ := strings.Cut(field, ":")
	switch kind {
	case "server":
		return Scope{Server: unescape(name)}
	case "lane":
		return Scope{Lane: unescape(name)}
	}
	return Scope{}
}

// String names the scope for operators.
func (s Scope) String() string {
	switch {
	case s.Server != "":
		return "server " + s.Server
	case s.Lane != "":
		return "lane " + s.Lane
	}
	return "the whole queue"
}
