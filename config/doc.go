// Package config holds every setting. Its name, default, limits and help text are written once, in the tags of one
// struct per command. Values come from the command line, then from the environment, then from one file. Load reports
// all faults at once.
//
// Two tags are not kong's own: from names the environment variable, and range gives the smallest and largest value.
package config
