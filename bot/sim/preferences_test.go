package sim

import (
	"context"
	"strings"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/render/picture"
)

// preferredSuffix is what some users put behind every prompt.
const preferredSuffix = "in oil --cfg 3"

// prefer has users set what they want by default, as soon as the bot is online: of four users one nothing, one a
// suffix, one remix mode, and one all of it and a ping. The bot may miss some of it.
func (w *workload) prefer() {
	for end := time.Now().Add(time.Minute); !w.Gateway.Online() && time.Now().Before(end); {
		time.Sleep(time.Second)
	}
	for n, u := range w.users {
		set := func(command string, options ...sandbox.Option) {
			_, _ = w.Command(u.ID, w.channels[n*len(w.channels)/len(w.users)], command, options...)
			time.Sleep(100 * time.Millisecond)
		}
		if n%2 == 1 {
			set("prefer suffix", sandbox.With("text", preferredSuffix))
		}
		if n%4 >= 2 {
			set("prefer remix", sandbox.With("on", true))
		}
		if n%4 == 3 {
			set("prefer ping", sandbox.With("on", true))
		}
	}
}

// fillRemix submits the form that a button opened for a user in remix mode, with other words. For others the button
// did what it does.
func (w *workload) fillRemix(user string, clicked sandbox.Interaction) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answer, err := w.WaitAnswer(ctx, clicked.ID)
	if err != nil || answer.Form == nil {
		return
	}
	w.askAndFollowUp(user, "", 99, 0, func() (sandbox.Interaction, error) {
		return w.Submit(user, clicked.ID, map[string]string{"prompt": remixedPrompt})
	})
}

const remixedPrompt = "a blue star"

// checkPreferences tells whether preferences counted: some jobs have the suffix once, some were remixed, and no suffix
// stands twice.
func (w *workload) checkPreferences() {
	w.t.Helper()
	var suffixed, remixed int
	for _, i := range w.interactions {
		row, err := w.db.Find(context.Background(), i+"-0")
		if err != nil {
			continue
		}
		spec, err := picture.Decode(row.Spec)
		if err != nil {
			w.t.Error(err)
			continue
		}
		switch strings.Count(spec.Prompt, "in oil") {
		case 0:
		case 1:
			suffixed++
			if spec.GuidanceScale != 3 {
				w.t.Errorf("seed %d: job %s has the words of the suffix and guidance %g", w.seed, row.ID, spec.GuidanceScale)
			}
		default:
			w.t.Errorf("seed %d: job %s has a suffix twice: %s", w.seed, row.ID, spec.Prompt)
		}
		if spec.Prompt == remixedPrompt {
			remixed++
		}
	}
	if suffixed == 0 || remixed == 0 {
		w.t.Errorf("seed %d: %d jobs with a suffix and %d remixed ones, want some of both", w.seed, suffixed, remixed)
	}
}
