package hub

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"darkroom/render/download"
)

// explain adds to a hub's refusal what to do about it. The hub tells the reason in X-Error-Code; a repository that does
// not exist and one that is private get the same answer, 401 without a token and 404 with one.
func (c *Client) explain(n Name, file string, err error) error {
	s, ok := errors.AsType[*download.StatusError](err)
	if !ok || !strings.HasPrefix(s.Address, c.endpoint()+"/") { // another host does not know the hub's models
		return err
	}
	name := n.Repository()
	switch s.Header.Get("X-Error-Code") {
	case "GatedRepo":
		return c.explainGate(name, err)
	case "RevisionNotFound":
		return &Refusal{fmt.Sprintf("%s has no revision %s", name, n.Revision), err}
	case "EntryNotFound":
		return &Refusal{fmt.Sprintf("%s has no file %s (revision %s)", name, file, n.Revision), err}
	}
	switch {
	case s.Header.Get("X-Error-Message") == "Access to this resource is disabled.":
		return &Refusal{"the hub has disabled " + name, err}
	case s.Code == http.StatusUnauthorized && c.Token != "":
		return &Refusal{fmt.Sprintf("%s: the hub refuses the token; is it one of this hub, and not expired?", name), err}
	case s.Code == http.StatusUnauthorized, s.Code == http.StatusNotFound && c.Token == "":
		return &Refusal{
			fmt.Sprintf("there is no model %s, or it is private: then set HF_TOKEN to a token of an account that may read it", name), err,
		}
	case s.Code == http.StatusNotFound:
		return &Refusal{fmt.Sprintf("there is no model %s, or the token's account may not read it", name), err}
	case s.Code == http.StatusForbidden:
		return c.explainGate(name, err)
	case s.Code == http.StatusTooManyRequests && c.Token == "":
		return fmt.Errorf("%w (HF_TOKEN, the token of an account, raises the limit)", err)
	}
	return err
}

func (c *Client) explainGate(name string, err error) error {
	where := "read its terms and accept them in a browser at " + c.endpoint() + "/" + name
	if c.Token == "" {
		return &Refusal{fmt.Sprintf("%s is gated: %s, then set HF_TOKEN to a token of that account", name, where), err}
	}
	return &Refusal{fmt.Sprintf("%s is gated, and the token's account has no access: %s", name, where), err}
}

// Refusal is a hub's refusal in a sentence for people.
type Refusal struct {
	Why string
	Err error // as the hub said it
}

// Error returns the sentence.
func (r *Refusal) Error() string { return r.Why }

// Unwrap returns the hub's answer.
func (r *Refusal) Unwrap() error { return r.Err }
