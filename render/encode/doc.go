// Package encode writes finished pictures in as few bytes as a place allows and reads input pictures that nobody vouches
// for. Pictures carry their settings as text, in AUTOMATIC1111's form, and it reads that text back.
package encode
