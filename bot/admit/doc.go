// Package admit judges whether a person may ask for something, here and now: may the bot post there, is the server
// paused, what do the server's own limits leave of the request, and is there still quota. It is a pure function of
// its arguments: it has no clock and does no I/O.
//
// What the words and settings mean is resolved before, by render/request; admit only lowers what comes of it to the
// server's limits, with a note, or refuses it.
package admit
