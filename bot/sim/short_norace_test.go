//go:build !race

package sim

// few is how many people ask in the short form.
const shortRequests = 150
