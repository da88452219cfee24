// Package page shows the sandbox in a browser: channels with messages and slash commands. It serves the page's assets
// and the HTTP API that they use. The assets are embedded HTML, CSS and JavaScript modules. They need no build step and
// load nothing from other servers.
package page
