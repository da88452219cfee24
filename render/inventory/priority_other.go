//go:build !linux

package inventory

// lowerPriority does nothing here.
func lowerPriority() {}
