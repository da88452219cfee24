//go:build race

package sim

// shortRequests is the number of requests of the short form. The race detector makes each ten times as slow.
const shortRequests = 40
