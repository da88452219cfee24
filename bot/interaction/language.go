package interaction

import "darkroom/bot/language"

// settleLanguages settles in which languages the interaction is answered. What somebody chose goes before what Discord
// says of them: a person's choice by /prefer counts everywhere, a server's by /settings for what all of it read. What
// one person reads alone is rather in the language of that person's Discord than in the server's.
//
//	what the person alone reads:  /prefer, the person's Discord, /settings, the server's Discord, English
//	what all of a server read:    /prefer, /settings, the person's Discord, the server's Discord, English
//
// A language without a catalogue is passed over.
func (r *responder) settleLanguages() {
	chosen, ofServer := r.settings.Person.Language, r.settings.Server.Language
	own, servers := r.req.Person.Locale, r.req.Place.Locale
	r.req.Language = language.Find(chosen, own, ofServer, servers)
	r.public = language.Find(chosen, ofServer, own, servers)
}

// languageFor is the language of an answer: one that the person alone reads, or one for all.
func (r *responder) languageFor(private bool) language.Language {
	if private {
		return r.req.Language
	}
	return r.public
}
