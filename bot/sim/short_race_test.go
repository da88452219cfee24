//go:build race

package sim

// shortRequests is how many people ask in the short form. The race detector makes each of them ten times as slow.
const shortRequests = 40
