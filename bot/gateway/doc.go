// Package gateway keeps one session with Discord alive and passes each interaction on once.
//
// A session is one discordgo session. It is opened with a deadline, resumed when its connection breaks, and discarded
// when it no longer answers. Its events go three ways. Interactions pass the intake, which drops repeated events and
// events that are too old to be answered; they then wait for a handler, which calls Take. Under overload the newest are
// taken first, and those that waited too long are dropped before any work is done on them. Events about servers go to
// Options.Servers. READY brings the application's id; after it the commands can be registered.
//
// This is the only package that imports discordgo.
package gateway
