package world

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// keepMessages is how many messages of a channel are kept; older ones are
// dropped with their files, so that a long-lived sandbox does not grow for ever.
const keepMessages = 400

func (w *World) load() error {
	w.state = w.newState()
	if w.dir == "" {
		return nil
	}
	data, err := os.ReadFile(w.statePath())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &w.state); err != nil {
		return fmt.Errorf("%s is damaged (delete it to begin anew): %w", w.statePath(), err)
	}
	for id := range w.state.Messages {
		w.ids.after(id)
	}
	for id := range w.state.Interactions {
		w.ids.after(id)
	}
	return nil
}

func (w *World) statePath() string { return filepath.Join(w.dir, "state.json") }

// startSaving starts the goroutine that writes the state after changes, many at a time.
func (w *World) startSaving() {
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	if w.dir == "" {
		return
	}
	w.saver.Go(func() {
		for {
			select {
			case <-ctx.Done():
				w.saveErr = w.save()
				return
			case <-w.dirty:
				w.saveErr = w.save() // tried again at the next change; Close returns the last one
			}
		}
	})
}

func (w *World) save() error {
	w.mu.Lock()
	w.prune()
	data, err := json.Marshal(&w.state)
	w.mu.Unlock()
	if err != nil {
		return fmt.Errorf("encode sandbox state: %w", err)
	}
	if err := writeAtomic(w.statePath(), data); err != nil {
		return fmt.Errorf("write sandbox state: %w", err)
	}
	return nil
}

// forget drops interactions whose token has been dead for an hour, and the
// oldest messages of full channels. The lock is held.
func (w *World) prune() {
	for id, i := range w.state.Interactions {
		if w.now().Sub(i.Created) > TokenLife+time.Hour {
			delete(w.state.Interactions, id)
		}
	}
	for _, channel := range w.state.ChannelOrder {
		list := w.sorted(channel)
		for _, m := range list[:max(len(list)-keepMessages, 0)] {
			w.drop(m)
		}
	}
}
