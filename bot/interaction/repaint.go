package interaction

// repainter makes new pictures out of an earlier one: the buttons that repeat, vary, enlarge or extend it, or show it
// again. Each is in a file of its own.
type repainter struct {
	clicks *clicks
	submit *submitter
	seed   func() int64
	inbox  *inbox
}
