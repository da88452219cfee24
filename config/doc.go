// Package config holds every setting: its name, default, limits and help text, written once, as the tags of one struct
// per process. Values come from the command line, then the environment, then one file; all faults are told at once.
//
// Tags beside kong's own: from names the environment variable, range the smallest and largest value.
package config
