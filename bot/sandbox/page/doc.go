// Package page is the sandbox in a browser: a chat channel with slash
// commands, and the small HTTP API behind it. The assets are plain HTML, CSS
// and JavaScript modules, embedded, with no build step and nothing fetched
// from elsewhere.
package page
