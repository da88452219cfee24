//go:build !cgo

package main

import "darkroom/config"

// checkPainting has nothing to look at: this build cannot paint.
func checkPainting(config.Runtime) []finding {
	return []finding{well("painting", "not in this build: it is the bot alone")}
}
