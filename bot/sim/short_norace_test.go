//go:build !race

package sim

// shortRequests is the number of requests of the short form.
const shortRequests = 150
