// Package hub reads repositories of models on a hub with Hugging Face's HTTP API, and fetches their files.
//
// Read pins a revision to its commit and lists the files of that commit with their sizes and hashes; Choose picks those
// that a model needs. Fetch brings them with package download, which resumes and verifies. Nothing that a hub lists is
// taken at its word: names that lead out of a folder are refused, and texts are cleaned before anybody sees them.
//
// The API as it is used here: https://huggingface.co/docs/hub/api and the sources of huggingface_hub.
package hub
