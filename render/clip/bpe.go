package clip

import "container/heap"

// pair is two neighbouring symbols.
type pair struct{ left, right int32 }

// mergeRule is the result of merging a pair. The lowest rank comes first.
type mergeRule struct {
	rank int
	id   int32
}

// symbol is a piece of the word being merged, in a doubly linked list over a slice; merged ones are marked.
type symbol struct {
	id         int32
	prev, next int // indices, -1 at the ends
	merged     bool
}

// candidate is a pair that could be merged: the symbol at is its left one.
type candidate struct {
	mergeRule
	at int
}

// candidateQueue orders candidates by rank, then from left to right.
type candidateQueue []candidate

func (q candidateQueue) Len() int { return len(q) }
func (q candidateQueue) Less(i, j int) bool {
	return q[i].rank < q[j].rank || q[i].rank == q[j].rank && q[i].at < q[j].at
}
func (q candidateQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *candidateQueue) Push(x any) { *q = append(*q, x.(candidate)) }

// Pop implements heap.Interface.
func (q *candidateQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

// merger merges the symbols of one word. It takes the best pair one place at a time, as Hugging Face's tokenizers do:
// with merges in the order in which they were learnt, this equals the textbook's "best pair everywhere", and costs n
// log n.
type merger struct {
	merges  map[pair]mergeRule
	symbols []symbol
	queue   candidateQueue
}

// merge returns the ids that are left of a word's first symbols once no rule applies.
func merge(ids []int32, merges map[pair]mergeRule) []int32 {
	m := merger{merges: merges, symbols: make([]symbol, len(ids))}
	for i, id := range ids {
		m.symbols[i] = symbol{id: id, prev: i - 1, next: i + 1}
	}
	m.symbols[len(ids)-1].next = -1
	for i := range ids {
		m.push(i)
	}
	for m.queue.Len() > 0 {
		m.apply(heap.Pop(&m.queue).(candidate))
	}
	out := ids[:0:0]
	for i := 0; i >= 0; i = m.symbols[i].next {
		out = append(out, m.symbols[i].id)
	}
	return out
}

// push queues the pair whose left symbol is at i, if a rule merges it.
func (m *merger) push(i int) {
	if i < 0 || m.symbols[i].next < 0 {
		return
	}
	left, right := m.symbols[i], m.symbols[m.symbols[i].next]
	if r, ok := m.merges[pair{left.id, right.id}]; ok {
		heap.Push(&m.queue, candidate{r, i})
	}
}

// apply merges a candidate unless an earlier merge took one of its symbols.
func (m *merger) apply(c candidate) {
	left := &m.symbols[c.at]
	if left.merged || left.next < 0 {
		return
	}
	right := &m.symbols[left.next]
	if r, ok := m.merges[pair{left.id, right.id}]; !ok || r.id != c.id {
		return
	}
	right.merged = true
	left.id, left.next = c.id, right.next
	if left.next >= 0 {
		m.symbols[left.next].prev = c.at
	}
	m.push(left.prev)
	m.push(c.at)
}
