// Package gateway keeps one session with Discord alive and hands on each interaction once.
//
// A session is one discordgo session: it is opened with a deadline, resumed when its connection breaks, and thrown
// away when it no longer answers. Its events go three ways. Interactions pass the intake, which drops an event that
// came before and one that is too old to be answered, and wait in Requests for a handler. Events about servers go to
// Options.Servers. READY tells the application's id, and that the commands can be registered.
//
// This is the only package that imports discordgo.
package gateway
