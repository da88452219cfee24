//go:build !cgo

package main

import "darkroom/config"

// checkRendering has nothing to look at: this build cannot paint.
func checkRendering(config.Runtime) []finding {
	return []finding{healthy("painting", "not in this build: it is the bot alone")}
}
