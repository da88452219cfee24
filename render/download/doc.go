// Package download fetches files over HTTPS so that a file under its name is always whole.
//
// A file grows beside its place as NAME.part. What has come is kept when the connection breaks or the program ends, and
// the next Fetch goes on from there, if the server still has the same content (its entity tag). Only a file of the
// right size and hash gets its name.
//
// Plain HTTP is refused. A redirect may lead to another host by HTTPS; headers such as a token do not follow it there.
// No error holds a query or a password of an address.
package download
