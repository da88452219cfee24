package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"darkroom/bot/sandbox/blob"
)

// keepMessages is how many messages a channel keeps. Older messages are deleted with their files, which bounds the size
// of a sandbox that runs for long.
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
		return fmt.Errorf("%s is damaged; delete it to start with a new sandbox: %w", w.statePath(), err)
	}
	for id := range w.state.Messages {
		w.ids.After(id)
	}
	for id := range w.state.Interactions {
		w.ids.After(id)
	}
	return nil
}

func (w *World) statePath() string { return filepath.Join(w.dir, "state.json") }

// startSaving starts the goroutine that writes the state after changes. One write covers all changes so far.
func (w *World) startSaving() {
	stopped := make(chan struct{})
	w.stop = sync.OnceFunc(func() { close(stopped) })
	if w.dir == "" {
		return
	}
	w.saver.Go(func() {
		for {
			select {
			case <-stopped:
				w.saveErr = w.save()
				return
			case <-w.dirty:
				w.saveErr = w.save() // the next change tries again; Close returns the last error
			}
		}
	})
}

// The whole state is one JSON file that is replaced by renaming. It is not kept by package store, which belongs to the
// bot: the sandbox must not know the program it tests. A crash of the machine may lose the last moments, never the
// file.
func (w *World) save() error {
	w.mu.Lock()
	w.prune()
	data, err := json.Marshal(&w.state)
	w.mu.Unlock()
	if err != nil {
		return fmt.Errorf("encode sandbox state: %w", err)
	}
	if err := blob.WriteFile(w.statePath(), data); err != nil {
		return fmt.Errorf("write sandbox state: %w", err)
	}
	return nil
}

// prune deletes interactions whose token expired an hour ago, and the oldest messages of full channels. The lock is
// held.
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
