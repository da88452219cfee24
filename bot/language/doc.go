// Package language prints every sentence that a person reads on Discord in that person's language.
//
// A sentence is named by its English format, so that code can be read without a catalogue, and English needs none.
// The catalogue of another language (catalogues/de.json) is a JSON object from the English format to the format in
// that language; a sentence with a count has an object of CLDR's plural forms in its place: {"one": …, "other": …}. In
// a translation the values of a format can be named by their number, as in "%[2]s".
package language
