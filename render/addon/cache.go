package addon

import "sync"

// Cache keeps merged weights up to a number of bytes; those that were not used for the longest time go first. It may be
// used from several goroutines. A nil Cache keeps nothing.
type Cache struct {
	mu     sync.Mutex
	budget int64
	size   int64
	clock  int64
	kept   map[string]*cached
}

type cached struct {
	weight Weight
	used   int64 // by the clock
}

// NewCache returns an empty cache for at most so many bytes.
func NewCache(budget int64) *Cache { return &Cache{budget: budget, kept: map[string]*cached{}} }

// Size is how many bytes are kept.
func (c *Cache) Size() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size
}

func (c *Cache) get(key string) (Weight, bool) {
	if c == nil {
		return Weight{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	found := c.kept[key]
	if found == nil {
		return Weight{}, false
	}
	c.clock++
	found.used = c.clock
	return found.weight, true
}

// put keeps a weight, unless it alone exceeds the budget.
func (c *Cache) put(key string, w Weight) {
	if c == nil || int64(len(w.Data)) > c.budget {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if was := c.kept[key]; was != nil {
		c.size -= int64(len(was.weight.Data))
	}
	c.clock++
	c.kept[key] = &cached{w, c.clock}
	c.size += int64(len(w.Data))
	for c.size > c.budget {
		oldest := ""
		for k, v := range c.kept {
			if oldest == "" || v.used < c.kept[oldest].used {
				oldest = k
			}
		}
		c.size -= int64(len(c.kept[oldest].weight.Data))
		delete(c.kept, oldest)
	}
}
