//go:build cgo

package main

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"darkroom/bot/sandbox"
)

// TestKillAtRandom asks for pictures and kills one of the three processes at a random moment, again and again. Whatever
// was acknowledged ends in exactly one visible result.
func TestKillAtRandom(t *testing.T) {
	rounds, seed := 2, uint64(7)
	if os.Getenv(soakEnv) != "" {
		rounds, seed = 60, rand.Uint64()
	}
	t.Logf("%d rounds, seed %d", rounds, seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	w := newTown(t, plan{})
	w.Rules().Allow("unanswered") // what is asked in the moment the bot dies may never be heard
	bot, renderer := w.bot(), w.renderer()
	w.ready(1)
	var asked []sandbox.Interaction
	for round := range rounds {
		var fresh []sandbox.Interaction
		for range 3 {
			fresh = append(fresh, w.imagine(quick+dice.IntN(20)))
			time.Sleep(time.Duration(dice.IntN(200)) * time.Millisecond) // people do not ask all at once
		}
		time.Sleep(time.Duration(dice.IntN(1500)) * time.Millisecond) // the moment of death is what is drawn here
		victim := dice.IntN(4)
		switch victim {
		case 0:
			bot.kill()
			bot = w.bot()
		case 1:
			renderer.kill()
			renderer = w.renderer()
		case 2:
			w.redis.kill()
			w.redis.start(t)
		case 3:
			w.redis.wipe(t)
		}
		w.ready(1)
		for _, i := range fresh {
			if victim != 0 {
				w.says(i, "")
			}
			if known, _ := w.Asked(i.ID); known.Original != "" {
				w.shows(i)
				asked = append(asked, i)
			}
		}
		if t.Failed() {
			t.Fatalf("failed in round %d", round+1)
		}
	}
	w.settled()
	w.oneEach(asked...)
	if len(asked) == 0 {
		t.Error("nothing was ever acknowledged, so nothing was proved")
	}
}
