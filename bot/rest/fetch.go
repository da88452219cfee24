package rest

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"darkroom/bot/message"
)

// discordCDN are the hosts from which Discord serves attachments. Nothing is downloaded from other hosts: an address
// comes from strangers, and could otherwise reach into the machine's own network.
var discordCDN = []string{"cdn.discordapp.com", "media.discordapp.net"}

// FetchError means that an attachment can never be downloaded. Any other error may pass.
type FetchError struct {
	Why string // a clause for people
}

// Error returns the clause.
func (e *FetchError) Error() string { return e.Why }

// Fetcher downloads attachments from Discord's content hosts.
type Fetcher struct {
	HTTP  *http.Client // a client with a timeout of 20 s when nil
	Hosts []string     // hosts (host or host:port) that attachments may be fetched from besides Discord's own
}

// Fetch returns an attachment of at most so many bytes. A *FetchError means that trying again cannot help.
func (f Fetcher) Fetch(ctx context.Context, address string, most int64) ([]byte, error) {
	if !f.Allows(address) {
		return nil, &FetchError{message.ReasonInputForeign}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, &FetchError{message.ReasonInputAddress}
	}
	client := http.Client{Timeout: 20 * time.Second}
	if f.HTTP != nil {
		client = *f.HTTP
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetch attachment: %w", withoutURL(err))
	}
	defer answer.Body.Close()
	switch {
	case passes(answer):
		return nil, fmt.Errorf("fetch attachment: HTTP %d", answer.StatusCode)
	case answer.StatusCode != http.StatusOK:
		return nil, &FetchError{message.ReasonInputRefused(answer.StatusCode)}
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, most+1))
	if err != nil {
		return nil, fmt.Errorf("fetch attachment: %w", withoutURL(err))
	}
	if int64(len(data)) > most {
		return nil, &FetchError{message.ReasonInputTooBig(most)}
	}
	return data, nil
}

// passes tells whether an unsuccessful answer may be another one later. Discord's content hosts refuse in plain text or
// XML; a page in HTML comes from the proxy in front of them.
func passes(answer *http.Response) bool {
	switch s := answer.StatusCode; {
	case s >= 500, s == http.StatusTooManyRequests, s == http.StatusRequestTimeout, s == http.StatusTooEarly:
		return true
	case s < 400:
		return false
	}
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	return err == nil && kind == "text/html"
}

// Allows tells whether an address is one of Discord's, or of the hosts that the options add.
func (f Fetcher) Allows(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return false
	}
	if slices.Contains(f.Hosts, u.Host) {
		return u.Scheme == "http" || u.Scheme == "https"
	}
	return u.Scheme == "https" && slices.Contains(discordCDN, strings.ToLower(u.Host))
}
