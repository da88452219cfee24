package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// What a renderer has seldom changes, and there may be much of it, so it is sent once: each card under its own hash,
// and a list of models, add-ons and cards under the list's hash. What a renderer announces every few seconds names the
// list. So a renderer with ten models and four hundred add-ons sends little more than its lanes.

const (
	// MaxAddons is how many add-ons one renderer may announce.
	MaxAddons = 4096
	// maxCard is how long a card may be, in bytes.
	maxCard = 256 << 10
	// maxCardsSent is about how many bytes of cards one script stores: less than a millisecond on a server.
	maxCardsSent = 256 << 10
)

// announced is a Renderer as Redis stores it. A renderer of an earlier version has its models and cards in it.
type announced struct {
	Renderer
	List string `json:"list,omitempty"` // the hash of a cardList
}

// cardList is what a renderer has.
type cardList struct {
	Models []listedModel `json:"models,omitempty"`
	Addons []listedAddon `json:"addons,omitempty"`
	Parts  []string      `json:"parts,omitempty"`
}

type listedModel struct {
	Name string `json:"name"`
	Hash string `json:"hash"`
	Lane string `json:"lane"`
	Card string `json:"card,omitempty"` // its hash

	Images *listedImages `json:"images,omitempty"`
}

// listedImages are the images of a model. Redis knows what a list names by the word "card", whatever it is.
type listedImages struct {
	Card string `json:"card"` // the hash of the text
}

type listedAddon struct {
	Hash string `json:"hash"`
	Card string `json:"card,omitempty"` // its hash
}

// Announce stores what a renderer can do. It is forgotten after ttl unless it is announced again.
func (q *Queue) Announce(ctx context.Context, r Renderer, ttl time.Duration) error {
	if err := q.announce(ctx, r, ttl); err != nil {
		return fmt.Errorf("announce renderer %s: %w", r.Slot, err)
	}
	return nil
}

func (q *Queue) announce(ctx context.Context, r Renderer, ttl time.Duration) error {
	list, cards, err := r.cards()
	if err != nil {
		return err
	}
	text, err := encode(list)
	if err != nil {
		return err
	}
	record := announced{Renderer: r, List: contentHash(text)}
	record.Models, record.Addons, record.Parts = nil, nil, nil
	b, err := encode(record)
	if err != nil {
		return err
	}
	answer, err := q.run(ctx, announceScript, anyEpoch, r.Slot, ms(ttl), b, record.List)
	if err != nil || answer.code() != "CARDS" {
		return err
	}
	if err := q.putCards(ctx, text, cards, ttl); err != nil {
		return err
	}
	_, err = q.run(ctx, announceScript, anyEpoch, r.Slot, ms(ttl), b, record.List)
	return err
}

// cards returns the list of what a renderer has, and the cards by their hashes.
func (r Renderer) cards() (list cardList, cards map[string]string, err error) {
	if len(r.Addons) > MaxAddons {
		return list, nil, fmt.Errorf("%d add-ons, at most %d", len(r.Addons), MaxAddons)
	}
	cards = map[string]string{}
	add := func(card json.RawMessage) string {
		if len(card) == 0 {
			return ""
		}
		if len(card) > maxCard {
			err = fmt.Errorf("a card has %d bytes, at most %d", len(card), maxCard)
		}
		hash := contentHash(card)
		cards[hash] = string(card)
		return hash
	}
	for _, m := range r.Models {
		one := listedModel{Name: m.Name, Hash: m.Hash, Lane: m.Lane, Card: add(m.Card)}
		if m.Images != "" {
			one.Images = &listedImages{Card: add(json.RawMessage(m.Images))}
		}
		list.Models = append(list.Models, one)
	}
	for _, a := range r.Addons {
		list.Addons = append(list.Addons, listedAddon{Hash: a.Hash, Card: add(a.Card)})
	}
	list.Parts = r.Parts
	return list, cards, err
}

// putCards sends the cards that Redis does not have, and then their list.
func (q *Queue) putCards(ctx context.Context, list []byte, cards map[string]string, ttl time.Duration) error {
	hashes := slices.Sorted(maps.Keys(cards))
	known, err := q.readCards(ctx, hashes)
	if err != nil {
		return err
	}
	args, size := []any{ms(ttl)}, 0
	for _, hash := range hashes {
		card := cards[hash]
		if known[hash] != "" {
			card = "" // its time is extended
		}
		args, size = append(args, hash, card), size+len(card)
		if size >= maxCardsSent || len(args) > 2000 {
			if _, err := q.run(ctx, putCardsScript, anyEpoch, args...); err != nil {
				return err
			}
			args, size = []any{ms(ttl)}, 0
		}
	}
	_, err = q.run(ctx, putCardsScript, anyEpoch, append(args, contentHash(list), string(list))...)
	return err
}

// readCards reads cards and lists by their hashes. Those that are not stored are left out.
func (q *Queue) readCards(ctx context.Context, hashes []string) (map[string]string, error) {
	found := map[string]string{}
	for part := range slices.Chunk(hashes, 500) {
		args := make([]any, len(part))
		for i, hash := range part {
			args[i] = hash
		}
		r, err := q.run(ctx, cardsScript, anyEpoch, args...)
		if err != nil {
			return nil, err
		}
		for i, hash := range part {
			if text := r.text(i + 1); text != "" {
				found[hash] = text
			}
		}
	}
	return found, nil
}

// Withdraw deletes what a renderer announced, before it stops.
func (q *Queue) Withdraw(ctx context.Context, slot string) error {
	if _, err := q.run(ctx, announceScript, anyEpoch, slot, 0, "", ""); err != nil {
		return fmt.Errorf("withdraw renderer %s: %w", slot, err)
	}
	return nil
}

// Renderers lists the renderers whose announcement has not expired, by slot.
func (q *Queue) Renderers(ctx context.Context) ([]Renderer, error) {
	all, err := q.renderers(ctx)
	if err != nil {
		return nil, fmt.Errorf("list renderers: %w", err)
	}
	return all, nil
}

func (q *Queue) renderers(ctx context.Context) ([]Renderer, error) {
	answer, err := q.run(ctx, renderersScript, anyEpoch)
	if err != nil {
		return nil, err
	}
	records := make([]announced, len(answer)-1)
	var lists []string
	for i := range records {
		if err := json.Unmarshal([]byte(answer.text(i+1)), &records[i]); err != nil {
			return nil, err
		}
		if list := records[i].List; list != "" {
			lists = append(lists, list)
		}
	}
	if err := q.cards.load(ctx, q, lists); err != nil {
		return nil, err
	}
	all := make([]Renderer, 0, len(records))
	for _, r := range records {
		if r.List != "" {
			if err := q.cards.fill(&r.Renderer, r.List); err != nil {
				return nil, fmt.Errorf("renderer %s: %w", r.Slot, err)
			}
		}
		all = append(all, r.Renderer)
	}
	return all, nil
}
