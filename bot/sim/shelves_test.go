package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// shelves are the add-ons of all renderers, by slot. They change while the renderers run.
type shelves struct {
	mu   sync.Mutex
	all  []request.AddonCard        // that there are
	now  map[string][]string        // the hashes that a slot has
	ever map[string]map[string]bool // the hashes that a slot ever had
}

func newShelves() *shelves {
	return &shelves{now: map[string][]string{}, ever: map[string]map[string]bool{}}
}

// addLoRAs makes this number of LoRAs, which no slot has yet.
func (s *shelves) addLoRAs(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		i := len(s.all)
		s.all = append(s.all, request.AddonCard{
			Kind: picture.LoRA, Name: fmt.Sprint("lora", i), Hash: strings.Repeat(fmt.Sprintf("%02x", i+1), 32),
		})
	}
}

// put gives a slot these LoRAs, by number, and no others.
func (s *shelves) put(slot string, numbers ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ever[slot] == nil {
		s.ever[slot] = map[string]bool{}
	}
	s.now[slot] = nil
	for _, i := range numbers {
		s.now[slot] = append(s.now[slot], s.all[i].Hash)
		s.ever[slot][s.all[i].Hash] = true
	}
}

// shuffle gives a slot each LoRA with this probability.
func (s *shelves) shuffle(rng *rand.Rand, slot string, each float64) {
	var numbers []int
	for i := range s.count() {
		if rng.Float64() < each {
			numbers = append(numbers, i)
		}
	}
	s.put(slot, numbers...)
}

func (s *shelves) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all)
}

// of lists what a slot announces.
func (s *shelves) of(slot string) (all []queue.Addon) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.all {
		if !slices.Contains(s.now[slot], c.Hash) {
			continue
		}
		card, err := json.Marshal(c)
		if err != nil {
			panic("internal error: " + err.Error())
		}
		all = append(all, queue.Addon{Hash: c.Hash, Card: card})
	}
	return all
}

var (
	errRemoved = errors.New("the add-on was removed from this renderer")
	errNever   = errors.New("this renderer never had the add-on")
)

// find says why a slot does not have an add-on; nil if it has it.
func (s *shelves) find(slot, hash string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case slices.Contains(s.now[slot], hash):
		return nil
	case s.ever[slot][hash]:
		return errRemoved
	}
	return errNever
}

// drawTags draws the tags of a prompt: none, one or two LoRAs. Without LoRAs it draws no number.
func (s *shelves) drawTags(rng *rand.Rand) (tags string) {
	n := s.count()
	if n == 0 {
		return ""
	}
	for range []int{0, 0, 1, 1, 1, 2}[rng.IntN(6)] {
		tags += fmt.Sprintf(" <lora:lora%d:%g>", rng.IntN(n), 0.5+0.5*float64(rng.IntN(2)))
	}
	return tags
}

// addonFaults are faults of add-ons: files that come and go.
var addonFaults = []fault{
	{"a renderer's add-ons change", "", 14, func(f *faultInjector, _ time.Duration) {
		f.shelves.shuffle(f.shelfRandom(), f.drawRenderer(), 0.5)
	}},
	{"a renderer has no add-ons for a while", "", 6, func(f *faultInjector, duration time.Duration) {
		slot := f.drawRenderer()
		f.shelves.put(slot)
		time.Sleep(duration)
		f.shelves.shuffle(f.shelfRandom(), slot, 0.5)
	}},
	{"all renderers lose a LoRA", "all shelves", 3, func(f *faultInjector, duration time.Duration) {
		for _, slot := range f.slots {
			f.shelves.put(slot, 0)
		}
		time.Sleep(3 * duration)
		for _, slot := range f.slots {
			f.shelves.shuffle(f.shelfRandom(), slot, 0.5)
		}
	}},
}

// shelfRandom returns random numbers of their own for one fault, as faults run beside each other.
func (f *faultInjector) shelfRandom() *rand.Rand {
	return rand.New(rand.NewPCG(f.seed, uint64(f.drawInt(1<<30))))
}
