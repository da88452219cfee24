// Package wire holds Discord's objects in their JSON form, and the limits that Discord puts on each of them. It has no
// state; package world has.
//
// Only the fields that the sandbox reads or writes have types.
package wire
