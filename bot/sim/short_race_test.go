//go:build race

package sim

// few is how many people ask in the short form: the race detector makes each of them ten times as slow.
const few = 40
