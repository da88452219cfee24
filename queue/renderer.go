package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Renderer is what one renderer announces.
type Renderer struct {
	Slot     string  `json:"slot"` // its name, as in Reserve
	Device   string  `json:"device"`
	Lanes    []Lane  `json:"lanes"`
	Models   []Model `json:"models"`
	Speed    int     `json:"speed,omitempty"` // percent of the speed that Job.Cost assumes; 0 is 100
	MaxBatch int     `json:"batch,omitempty"` // limit of jobs that it renders at once; 0 is 1
}

// Model is a model that a renderer has.
type Model struct {
	Name string          `json:"name"`
	Hash string          `json:"hash"`
	Lane string          `json:"lane"`
	Card json.RawMessage `json:"card,omitempty"` // sizes, samplers, defaults, words; the bot reads it
}

// Announce stores what a renderer can do. It is forgotten after ttl unless it is announced again.
func (q *Queue) Announce(ctx context.Context, r Renderer, ttl time.Duration) error {
	b, err := encode(r)
	if err == nil {
		_, err = q.run(ctx, announceScript, anyEpoch, r.Slot, ms(ttl), b)
	}
	if err != nil {
		return fmt.Errorf("announce renderer %s: %w", r.Slot, err)
	}
	return nil
}

// Withdraw deletes what a renderer announced, before it stops.
func (q *Queue) Withdraw(ctx context.Context, slot string) error {
	if _, err := q.run(ctx, announceScript, anyEpoch, slot, 0, ""); err != nil {
		return fmt.Errorf("withdraw renderer %s: %w", slot, err)
	}
	return nil
}

// Renderers lists the renderers whose announcement has not expired, by slot.
func (q *Queue) Renderers(ctx context.Context) ([]Renderer, error) {
	answer, err := q.run(ctx, renderersScript, anyEpoch)
	if err != nil {
		return nil, fmt.Errorf("list renderers: %w", err)
	}
	all := make([]Renderer, 0, len(answer)-1)
	for i := 1; i < len(answer); i++ {
		var r Renderer
		if err := json.Unmarshal([]byte(answer.text(i)), &r); err != nil {
			return nil, fmt.Errorf("list renderers: %w", err)
		}
		all = append(all, r)
	}
	return all, nil
}
