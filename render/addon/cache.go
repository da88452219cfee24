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
	data []byte
	used int64 // by the clock
}

// NewCache returns an empty cache for at most so many bytes.
func NewCache(budget int64) *Cache { return &Cache{budget: budget, kept: map[string]*cached{}} }

func (c *Cache) get(key string) ([]byte, bool) {
	if c == nil {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	found := c.kept[key]
	if found == nil {
		return nil, false
	}
	c.clock++
	found.used = c.clock
	return found.data, true
}

// put keeps a weight, unless it alone exceeds the budget.
func (c *Cache) put(key string, data []byte) {
	if c == nil || int64(len(data)) > c.budget {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if was := c.kept[key]; was != nil {
		c.size -= int64(len(was.data))
	}
	c.clock++
	c.kept[key] = &cached{data, c.clock}
	c.size += int64(len(data))
	for c.size > c.budget {
		oldest := ""
		for k, v := range c.kept {
			if oldest == "" || v.used < c.kept[oldest].used {
				oldest = k
			}
		}
		c.size -= int64(len(c.kept[oldest].data))
		delete(c.kept, oldest)
	}
}
