package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"sync"
)

// errCardsLost means that a renderer's cards are not stored any more. It sends them again with its next announcement.
var errCardsLost = errors.New("its cards are lost, and it sends them again within seconds")

// contentHash names a card or a list of cards in Redis.
func contentHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// cardCache keeps the cards of the renderers that were listed last, so that each is read once.
type cardCache struct {
	mu    sync.Mutex
	lists map[string]cardList
	cards map[string]string
}

// load reads what these lists name and is not known yet, and forgets what they do not name.
func (c *cardCache) load(ctx context.Context, q *Queue, lists []string) error {
	c.mu.Lock()
	knownLists, knownCards := maps.Clone(c.lists), maps.Clone(c.cards)
	c.mu.Unlock()
	var unknown []string
	for _, hash := range lists {
		if _, known := knownLists[hash]; !known {
			unknown = append(unknown, hash)
		}
	}
	texts, err := q.readCards(ctx, unknown)
	if err != nil {
		return err
	}
	all, err := readLists(lists, knownLists, texts)
	if err != nil {
		return err
	}
	cards := map[string]string{}
	unknown = nil
	for _, list := range all {
		for _, card := range list.cards() {
			if text, known := knownCards[card]; known {
				cards[card] = text
			} else {
				unknown = append(unknown, card)
			}
		}
	}
	if texts, err = q.readCards(ctx, unknown); err != nil {
		return err
	}
	maps.Copy(cards, texts)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lists, c.cards = all, cards
	return nil
}

// readLists returns the lists of these hashes that are known or were just read. Lost ones are left out.
func readLists(hashes []string, known map[string]cardList, texts map[string]string) (map[string]cardList, error) {
	all := map[string]cardList{}
	for _, hash := range hashes {
		if list, found := known[hash]; found {
			all[hash] = list
		} else if text := texts[hash]; text != "" {
			var list cardList
			if err := json.Unmarshal([]byte(text), &list); err != nil {
				return nil, err
			}
			all[hash] = list
		}
	}
	return all, nil
}

// cards lists the hashes of all cards of a list.
func (l cardList) cards() (all []string) {
	for _, m := range l.Models {
		if m.Card != "" {
			all = append(all, m.Card)
		}
		if m.Images != nil {
			all = append(all, m.Images.Card)
		}
	}
	for _, a := range l.Addons {
		if a.Card != "" {
			all = append(all, a.Card)
		}
	}
	return all
}

// fill completes a renderer by its list.
func (c *cardCache) fill(r *Renderer, list string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, known := c.lists[list]
	if !known {
		return errCardsLost
	}
	lost := false
	card := func(hash string) json.RawMessage {
		if hash == "" {
			return nil
		}
		text, known := c.cards[hash]
		lost = lost || !known
		return json.RawMessage(text)
	}
	for _, m := range l.Models {
		one := Model{Name: m.Name, Hash: m.Hash, Lane: m.Lane, Card: card(m.Card)}
		if m.Images != nil {
			one.Images = c.cards[m.Images.Card] // a model is known without them, too
		}
		r.Models = append(r.Models, one)
	}
	for _, a := range l.Addons {
		r.Addons = append(r.Addons, Addon{Hash: a.Hash, Card: card(a.Card)})
	}
	r.Parts = l.Parts
	if lost {
		return errCardsLost
	}
	return nil
}
