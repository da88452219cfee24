// Package wire holds Discord's objects as they stand in JSON, and the limits
// that Discord puts on each of them. It knows no state: what may be said is
// here, what happened is in package world.
//
// Only fields that the sandbox itself reads or makes are typed.
package wire
