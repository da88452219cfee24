//go:build !race

package sim

// shortRequests is how many people ask in the short form.
const shortRequests = 150
