package interaction

// repainter makes new images from an earlier one: it has the buttons that repeat, vary, upscale or extend it, or show
// it again. Each has its own file.
type repainter struct {
	clicks *clicks
	submit *submitter
	seed   func() int64
	inbox  *inbox
	used   *usedButtons
}
