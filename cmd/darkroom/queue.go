package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"darkroom/bot/outbox"
	"darkroom/config"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/store"
)

// queueTimeout is how long Redis may take to show the queue or to change a pause.
const queueTimeout = 5 * time.Second

// openExistingData opens the database of a bot and creates none, because a pause in another database would have no
// effect.
func openExistingData(ctx context.Context, d config.Data) (*store.Store, error) {
	if path, found := strings.CutPrefix(databaseURL(d), "sqlite:"); found {
		path, _, _ = strings.Cut(path, "?")
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no database %s: set --data or DATABASE_URL as the bot has it", path)
		}
	}
	return openData(ctx, d)
}

// showQueue prints how many jobs wait, which renderers are up and what is paused.
func showQueue(ctx context.Context, s invocation) (err error) {
	c := s.settings.Queue.Show
	db, err := openExistingData(ctx, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	pauses, err := db.Pauses(ctx)
	if err != nil {
		return err
	}
	renderers, err := printQueue(ctx, s.stdout, c.Redis)
	return errors.Join(err, printPauses(s.stdout, pauses, modelsByLane(renderers)))
}

// printQueue prints how many jobs wait, and returns the renderers that are up.
func printQueue(ctx context.Context, w io.Writer, r config.Redis) ([]queue.Renderer, error) {
	if r.URL.Empty() {
		_, err := fmt.Fprintln(w, "The queue is in the memory of darkroom up: /queue shows it.")
		return nil, err
	}
	queue.SilenceRedisLog()
	q, err := queue.Dial(r.URL.Text(), queue.Options{Pool: r.Pool})
	if err != nil {
		return nil, err
	}
	defer q.Close()
	ctx, cancel := context.WithTimeout(ctx, queueTimeout)
	defer cancel()
	waiting, running, err := q.Counts(ctx)
	if errors.Is(err, queue.ErrEpoch) {
		_, err = fmt.Fprintf(w, "There is no queue %q on this Redis. A running bot creates it within seconds.\n", r.Pool)
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	renderers, err := q.Renderers(ctx)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(w, "%d waiting, %d running, %d renderers up\n", waiting, running, len(renderers))
	for _, x := range renderers {
		if err == nil {
			_, err = fmt.Fprintf(w, "renderer %s on %s: %s%s\n", x.Slot, x.Device, modelNames(x.Models), clipInWords(x.CLIP))
		}
	}
	return renderers, err
}

// clipInWords names a renderer's CLIP by the beginning of its hash.
func clipInWords(hash string) string {
	if hash == "" {
		return ""
	}
	return "; CLIP " + hash[:min(12, len(hash))]
}

func modelNames(models []queue.Model) (text string) {
	for _, m := range models {
		if text != "" {
			text += ", "
		}
		text += m.Name
	}
	return text
}

// modelsByLane returns the names of the models of the renderers that are up, by the lanes of their jobs.
func modelsByLane(renderers []queue.Renderer) map[string]string {
	names := map[string]string{}
	for _, r := range renderers {
		for _, m := range r.Models {
			for _, lane := range picture.Lanes(m.Hash) {
				names[lane] = m.Name
			}
		}
	}
	return names
}

func printPauses(w io.Writer, pauses []store.Pause, models map[string]string) error {
	if len(pauses) == 0 {
		_, err := fmt.Fprintln(w, "nothing is paused")
		return err
	}
	for _, p := range pauses {
		what := outbox.PauseScope(p).String()
		if name := models[p.Name]; p.Kind == "lane" && name != "" {
			what = "model " + name
		}
		if p.Reason != "" {
			what += ": " + p.Reason
		}
		if _, err := fmt.Fprintln(w, "paused: "+what); err != nil {
			return err
		}
	}
	return nil
}

// pauseQueue stores a pause in the database, from which the bot updates the queue, and pauses the queue at once.
func pauseQueue(ctx context.Context, s invocation) error {
	c := s.settings.Queue.Pause
	return changePauses(ctx, s, c.PauseTarget, func(db *store.Store, p store.Pause) (bool, error) {
		p.Reason = c.Reason
		return true, db.Pause(ctx, p)
	}, func(ctx context.Context, q *queue.Queue, at queue.Scope) error { return q.Pause(ctx, at, c.Reason) })
}

// resumeQueue removes a pause from the database, and from the queue at once.
func resumeQueue(ctx context.Context, s invocation) error {
	return changePauses(ctx, s, s.settings.Queue.Resume.PauseTarget, func(db *store.Store, p store.Pause) (bool, error) {
		return db.Resume(ctx, p.Kind, p.Name)
	}, func(ctx context.Context, q *queue.Queue, at queue.Scope) error { return q.Resume(ctx, at) })
}

func changePauses(ctx context.Context, s invocation, c config.PauseTarget,
	write func(*store.Store, store.Pause) (bool, error),
	apply func(context.Context, *queue.Queue, queue.Scope) error) (err error) {
	db, err := openExistingData(ctx, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	queue.SilenceRedisLog()
	var q *queue.Queue
	if !c.Redis.URL.Empty() {
		if q, err = queue.Dial(c.Redis.URL.Text(), queue.Options{Pool: c.Redis.Pool}); err != nil {
			return err
		}
		defer q.Close()
	}
	redisCtx, cancel := context.WithTimeout(ctx, queueTimeout)
	defer cancel()
	pauses, err := pausesOf(redisCtx, q, c)
	if err != nil {
		return err
	}
	for _, p := range pauses {
		existed, err := write(db, p)
		if err != nil {
			return err
		}
		if !existed {
			return fmt.Errorf("%s was not paused here; moderators resume with /limits what they paused", outbox.PauseScope(p))
		}
		if q == nil || apply(redisCtx, q, outbox.PauseScope(p)) != nil {
			_, err = fmt.Fprintf(s.stdout, "saved for %s; a running bot applies it within seconds\n", outbox.PauseScope(p))
		} else {
			_, err = fmt.Fprintf(s.stdout, "done for %s\n", outbox.PauseScope(p))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pausesOf returns the pauses that a command names: a server, the lanes of a model, or everything.
func pausesOf(ctx context.Context, q *queue.Queue, c config.PauseTarget) ([]store.Pause, error) {
	switch {
	case c.Server != "":
		return []store.Pause{{Kind: "server", Name: c.Server}}, nil
	case c.Model == "":
		return []store.Pause{{Kind: "pool"}}, nil
	case q == nil:
		return nil, errors.New("the name of a model is known only through Redis: set REDIS_URL")
	}
	renderers, err := q.Renderers(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range renderers {
		for _, m := range r.Models {
			if m.Name != c.Model {
				continue
			}
			var all []store.Pause
			for _, lane := range picture.Lanes(m.Hash) {
				all = append(all, store.Pause{Kind: "lane", Name: lane})
			}
			return all, nil
		}
	}
	return nil, fmt.Errorf("no renderer that is up has a model called %q", c.Model)
}
